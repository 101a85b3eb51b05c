//! One folder a pattern.

pub mod deadlock_channel_cycle;
pub mod deadlock_lock_across_channel;
pub mod deadlock_lock_convoy;
pub mod deadlock_lock_order;
pub mod deadlock_mutex_twice;
pub mod deadlock_read_lock_twice;
pub mod deadlock_unlock_missing;
pub mod leak_cond_never_signalled;
pub mod leak_ctx_not_cancelled;
pub mod leak_http_body_not_closed;
pub mod leak_io_no_deadline;
pub mod leak_nil_channel;
pub mod leak_pipeline_early_return;
pub mod leak_receive_no_sender;
pub mod leak_retry_ignores_ctx;
pub mod leak_select_unsatisfiable;
pub mod leak_send_after_return;
pub mod leak_send_no_receiver;
pub mod leak_ticker_not_stopped;
pub mod leak_waitgroup_never_done;
pub mod leak_worker_pool_no_stop;
