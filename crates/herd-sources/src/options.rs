//! How to collect: what to ask for, what it may cost, how to get through.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::Target;

/// How to collect.
#[derive(Clone, Debug)]
pub struct Options {
    /// Above this many goroutines `debug=2` is fetched only with [`Options::allow_stw`].
    pub max_goroutines_for_stw: u64,
    /// Fetch `debug=2` however long it stops the world.
    pub allow_stw: bool,
    /// Ask for the leak profile where the target lists it; it costs a garbage collection.
    pub leak_profile: bool,
    /// Whether to ask an endpoint for what the Go module counts there.
    pub account: AccountAsked,
    /// What to ask an endpoint for.
    pub want: Want,
    /// What to read of a process or core file.
    pub memory: Memory,
    /// Where the one process or core file asked has its runtime's own leak profile.
    pub leaks_from: Option<Box<Target>>,
    /// Between two looks at a process that may not be copied.
    pub second_look: Duration,
    /// The most one request may take.
    pub timeout: Duration,
    /// Credentials; those in the address are used when there are none here.
    pub auth: Option<Auth>,
    /// Headers sent with every request.
    pub headers: Vec<(String, String)>,
    /// A proxy for every target; without one the environment (`HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`) decides, except on loopback.
    pub proxy: Option<String>,
    /// Accept any certificate.
    pub insecure_tls: bool,
    /// Certificates (PEM) to trust besides the system's.
    pub ca_file: Option<PathBuf>,
    /// Path before `/debug/pprof`, for targets whose address names none.
    pub prefix: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            max_goroutines_for_stw: 1000,
            allow_stw: false,
            leak_profile: true,
            account: AccountAsked::No,
            want: Want::CheapestFirst,
            memory: Memory::Stacks,
            leaks_from: None,
            second_look: Duration::from_secs(10),
            timeout: Duration::from_secs(30),
            auth: None,
            headers: Vec::new(),
            proxy: None,
            insecure_tls: false,
            ca_file: None,
            prefix: None,
        }
    }
}

/// What to read of a process or core file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// Goroutines with their stacks.
    Stacks,
    /// Also what each waits on.
    Waits,
    /// The same where there are not too many of them: what a judgement needs, and no more than it is worth.
    Judged,
    /// Which goroutines nothing can wake, too: a process is stopped for milliseconds and copied, for no longer than this; without a
    /// limit of one's own [`herd_live::Budget`]'s.
    Proof(Option<Duration>),
    /// Both: what each goroutine waits on, and which nothing can wake.
    ProofAndWaits(Option<Duration>),
}

/// Whether to ask an endpoint for `/debug/goherd`, and for the labels its counters go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountAsked {
    /// No.
    No,
    /// Counters alone.
    Counters,
    /// Counters; and where the service has some, and its stacks carry no labels, a `debug=0` profile, which does.
    WithLabels,
}

/// What to ask an endpoint for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// The richest witness within the budget: `debug=2` of a small process, else `debug=0`; and the leak profile.
    CheapestFirst,
    /// States, ages and creators (`debug=2`) or an error.
    StacksOnly,
    /// Stacks and counts (`debug=0`), whatever the size.
    CountsOnly,
}

/// Credentials; never printed.
#[derive(Clone, PartialEq, Eq)]
pub enum Auth {
    /// User and password.
    Basic {
        /// User.
        user: String,
        /// Password.
        password: String,
    },
    /// A bearer token.
    Bearer(String),
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Auth::Basic { .. } => "Basic(…)",
            Auth::Bearer(_) => "Bearer(…)",
        })
    }
}

/// Raised from outside, by Ctrl-C for one, to end a collection between two chunks.
#[derive(Clone, Debug, Default)]
pub struct CancelFlag(Arc<AtomicBool>);

impl CancelFlag {
    /// A flag that is down.
    pub fn new() -> Self {
        CancelFlag::default()
    }

    /// Raises it, for good.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it is up.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
