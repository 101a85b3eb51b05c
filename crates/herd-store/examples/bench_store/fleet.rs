//! Pages of Go services as they move: a heap that fills and is collected, counters that follow the load of the day, gauges that stay, and
//! quantiles of pauses in nanoseconds. Every instance has a load and a heap of its own.

/// The series of a page, 48 as client_golang's default collectors expose them.
pub const KEYS: [&str; 48] = [
    "go_gc_duration_seconds{quantile=\"0\"}",
    "go_gc_duration_seconds{quantile=\"0.25\"}",
    "go_gc_duration_seconds{quantile=\"0.5\"}",
    "go_gc_duration_seconds{quantile=\"0.75\"}",
    "go_gc_duration_seconds{quantile=\"1\"}",
    "go_gc_duration_seconds_sum",
    "go_gc_duration_seconds_count",
    "go_gc_gogc_percent",
    "go_gc_gomemlimit_bytes",
    "go_goroutines",
    "go_info{version=\"go1.26.8\"}",
    "go_memstats_alloc_bytes",
    "go_memstats_alloc_bytes_total",
    "go_memstats_buck_hash_sys_bytes",
    "go_memstats_frees_total",
    "go_memstats_gc_sys_bytes",
    "go_memstats_heap_alloc_bytes",
    "go_memstats_heap_idle_bytes",
    "go_memstats_heap_inuse_bytes",
    "go_memstats_heap_objects",
    "go_memstats_heap_released_bytes",
    "go_memstats_heap_sys_bytes",
    "go_memstats_last_gc_time_seconds",
    "go_memstats_mallocs_total",
    "go_memstats_mcache_inuse_bytes",
    "go_memstats_mcache_sys_bytes",
    "go_memstats_mspan_inuse_bytes",
    "go_memstats_mspan_sys_bytes",
    "go_memstats_next_gc_bytes",
    "go_memstats_other_sys_bytes",
    "go_memstats_stack_inuse_bytes",
    "go_memstats_stack_sys_bytes",
    "go_memstats_sys_bytes",
    "go_sched_gomaxprocs_threads",
    "go_threads",
    "http_requests_in_flight",
    "http_requests_total{code=\"200\"}",
    "http_requests_total{code=\"500\"}",
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_network_receive_bytes_total",
    "process_network_transmit_bytes_total",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_virtual_memory_bytes",
    "process_virtual_memory_max_bytes",
    "promhttp_metric_handler_requests_total{code=\"200\"}",
];

/// A small generator of numbers: the same seed gives the same fleet.
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    /// Any number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From zero to one.
    pub fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// About normal, mean zero, deviation one.
    pub fn normal(&mut self) -> f64 {
        (0..6).map(|_| self.share()).sum::<f64>() * 1.414 - 4.243
    }
}

/// One process.
#[derive(Clone, Debug)]
pub struct Service {
    random: Random,
    start_s: f64,
    /// Requests a second at noon.
    load: f64,
    /// Bytes a request allocates.
    request_bytes: f64,
    live_bytes: f64,
    heap_bytes: f64,
    heap_sys: f64,
    allocated: f64,
    mallocs: f64,
    live_objects: f64,
    requests: f64,
    errors: f64,
    cpu_s: f64,
    received: f64,
    sent: f64,
    collections: f64,
    last_gc_s: f64,
    pauses: [f64; 5],
    pause_sum_s: f64,
    scrapes: f64,
    threads: f64,
}

impl Service {
    /// The service of a number.
    pub fn new(seed: u64) -> Self {
        let mut random = Random(seed.wrapping_mul(0x5851_f42d_4c95_7f2d) | 1);
        let size = 2f64.powf(random.share() * 5.0);
        let live_bytes = (8e6 * size).floor();
        Service {
            start_s: (179_000_000_000.0 + (random.share() * 1e7).floor()) / 100.0,
            load: 3.0 * size * (0.2 + random.share()),
            request_bytes: 4e3 + random.share() * 4e4,
            live_bytes,
            heap_bytes: live_bytes,
            heap_sys: (live_bytes * 2.6 / 4_194_304.0).ceil() * 4_194_304.0,
            allocated: live_bytes,
            mallocs: live_bytes / 90.0,
            live_objects: (live_bytes / 90.0).floor(),
            requests: 0.0,
            errors: 0.0,
            cpu_s: 0.05,
            received: 0.0,
            sent: 0.0,
            collections: 3.0,
            last_gc_s: 1_790_100_000.0,
            pauses: [2.1e-5, 4.3e-5, 6.2e-5, 9.9e-5, 4.1e-4],
            pause_sum_s: 3e-4,
            scrapes: 0.0,
            threads: 9.0 + (random.share() * 6.0).floor(),
            random,
        }
    }

    /// Its page at a time, so many seconds after the last one.
    pub fn page(&mut self, at_s: f64, step_s: f64, page: &mut Vec<f64>) {
        let day = (at_s / 86_400.0 * std::f64::consts::TAU).sin();
        let rate = self.load * (1.0 + 0.6 * day);
        let requests = (rate * step_s + self.random.normal() * (rate * step_s).sqrt()).round().max(0.0);
        self.requests += requests;
        self.errors += if self.random.share() < requests * 0.0005 { 1.0 } else { 0.0 };
        // What scraping itself allocates keeps an idle service's counters moving.
        let allocated =
            (requests * self.request_bytes * (0.9 + 0.2 * self.random.share()) + 90_000.0 + self.random.share() * 3e4) / 8.0;
        let allocated = allocated.floor() * 8.0;
        self.allocated += allocated;
        self.mallocs += (allocated / 110.0).floor();
        self.heap_bytes += allocated;
        self.live_objects += (allocated / 110.0).floor();
        self.live_bytes += (self.random.normal() * self.live_bytes * 0.0005).round();
        let next_gc = (self.live_bytes * 2.0).floor();
        while self.heap_bytes > next_gc || at_s - self.last_gc_s > 120.0 {
            self.collect(at_s);
        }
        let in_flight = (rate * 0.02 + self.random.share() * 1.6).floor();
        let goroutines = 14.0 + in_flight * 2.0 + (rate / 4.0).floor() + (self.random.share() * 2.0).floor();
        let spans = ((self.heap_bytes * 1.05) / 8192.0).ceil();
        let inuse = spans * 8192.0;
        self.heap_sys = self.heap_sys.max((inuse * 1.1 / 4_194_304.0).ceil() * 4_194_304.0);
        let idle = self.heap_sys - inuse;
        let stack = ((goroutines * 8.0 + 40.0) / 4.0).ceil() * 32_768.0;
        let sys = self.heap_sys + 21e6 + 786_432.0;
        self.cpu_s += (requests * 0.0008 + 0.002) * (0.8 + 0.4 * self.random.share());
        self.received += (requests * 700.0 * (0.9 + 0.2 * self.random.share()) + 400.0).floor();
        self.sent += (requests * 2300.0 * (0.9 + 0.2 * self.random.share()) + 9100.0).floor();
        self.scrapes += 1.0;
        let released = ((idle * 0.4) / 65_536.0).floor() * 65_536.0;
        let resident = ((self.heap_sys * 0.8 + 24e6 + self.random.share() * 60_000.0) / 4096.0).floor() * 4096.0;
        page.clear();
        page.extend(self.pauses);
        page.extend([self.pause_sum_s, self.collections, 100.0, 9_223_372_036_854_775_807.0, goroutines, 1.0]);
        page.extend([self.heap_bytes, self.allocated, 1_500_312.0, self.mallocs - self.live_objects, 4_612_304.0]);
        page.extend([self.heap_bytes, idle, inuse, self.live_objects, released, self.heap_sys, self.last_gc_s, self.mallocs]);
        page.extend([9600.0, 15_600.0, (spans * 0.55).floor() * 160.0, (spans * 0.7).ceil() * 163.0, next_gc, 2_209_881.0]);
        page.extend([stack, stack, sys, 8.0, self.threads, in_flight, self.requests, self.errors]);
        page.extend([(self.cpu_s * 100.0).floor() / 100.0, 1_048_576.0, self.received, self.sent]);
        page.extend([11.0 + in_flight + (rate / 6.0).floor(), resident, self.start_s, 1_943_265_280.0 + self.heap_sys]);
        page.extend([18_446_744_073_709_551_615.0, self.scrapes]);
    }

    fn collect(&mut self, at_s: f64) {
        self.heap_bytes = self.live_bytes;
        self.live_objects = (self.live_bytes / 90.0 + self.random.normal() * 200.0).floor();
        self.collections += 1.0;
        self.last_gc_s = ((at_s - self.random.share()) * 1e9).floor() / 1e9;
        let pause = ((3e-5 + 4e-5 * self.random.share() * self.random.share() * 6.0) * 1e9).floor() / 1e9;
        self.pause_sum_s = ((self.pause_sum_s + pause) * 1e9).round() / 1e9;
        let at = (self.random.next() % 5) as usize;
        if let Some(quantile) = self.pauses.get_mut(at) {
            *quantile = pause;
        }
        self.pauses.sort_by(f64::total_cmp);
    }
}
