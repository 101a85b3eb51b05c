//! How targets are collected from, as flags, and the one way from targets to an answer.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use clap::Args;
use herd_diagnose::{Clock, Diagnosis, Event, Request, Watch};
use herd_sources::{Auth, CancelFlag, Memory, Options, Target};

use crate::args::GlobalArgs;
use crate::error::ExpectedError;
use crate::exit::Exit;
use crate::output;
use crate::progress::Progress;

/// How long a cancelled collection may take to end by itself.
const CANCEL_GRACE: Duration = Duration::from_secs(2);

/// Flags of every command that asks a target.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Collecting from addresses")]
pub struct CollectArgs {
    /// Stop a live process for milliseconds, copy it, and prove which goroutines nothing can wake
    #[arg(long)]
    pub prove: bool,
    /// The longest it may be stopped for a copy; 50 ms and 20 ms a GB of its memory unless given
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub stop_budget: Option<std::time::Duration>,
    /// Fetch debug=2 however long it stops the process
    #[arg(long)]
    pub allow_stw: bool,
    /// Above so many goroutines debug=2 is fetched only with --allow-stw
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub max_goroutines: u64,
    /// The most one request may take
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = humantime::parse_duration)]
    pub timeout: Duration,
    /// Basic authentication
    #[arg(long, visible_alias = "basic", value_name = "USER:PASSWORD")]
    pub user: Option<String>,
    /// Bearer token; better given by --bearer-env, as others can see command lines
    #[arg(long, value_name = "TOKEN", conflicts_with_all = ["user", "bearer_env"])]
    pub bearer: Option<String>,
    /// Environment variable that holds a bearer token
    #[arg(long, value_name = "NAME", conflicts_with = "user")]
    pub bearer_env: Option<String>,
    /// Header sent with every request; may be repeated
    #[arg(long, value_name = "NAME: VALUE")]
    pub header: Vec<String>,
    /// Certificates to trust besides the system's, PEM
    #[arg(long, visible_alias = "ca-file", value_name = "FILE")]
    pub cacert: Option<PathBuf>,
    /// Accept any certificate
    #[arg(long)]
    pub insecure: bool,
    /// Proxy for every target; HTTP_PROXY, HTTPS_PROXY and NO_PROXY by default
    #[arg(long, value_name = "URL")]
    pub proxy: Option<String>,
    /// Path before /debug/pprof
    #[arg(long, value_name = "PATH")]
    pub prefix: Option<String>,
}

/// Asks the targets and judges what they testify.
pub fn diagnose(
    command: &str,
    targets: &[String],
    args: &CollectArgs,
    watch: Option<Watch>,
    global: &GlobalArgs,
) -> anyhow::Result<Diagnosis> {
    let targets = parse(targets)?;
    can_be_watched(&targets, watch)?;
    answer(
        command,
        &Request { targets, options: options(args)?, watch, trace: None, clock: Clock::WALL, rules: BTreeSet::new() },
        global,
    )
}

/// The targets the words name.
pub fn parse(targets: &[String]) -> Result<Vec<Target>, ExpectedError> {
    targets.iter().map(|text| Target::parse(text)).collect::<Result<Vec<_>, _>>().map_err(ExpectedError::from)
}

/// Whether looking for a while shows anything.
pub fn can_be_watched(targets: &[Target], watch: Option<Watch>) -> Result<(), ExpectedError> {
    if watch.is_some() && !targets.iter().any(|target| target.kind().is_live()) {
        return Err(ExpectedError::Option {
            option: "--for",
            why: "a file does not change while it is looked at".into(),
            next: "Give an address or a process to look at for a while, or several dumps of one process as a series.".into(),
        });
    }
    Ok(())
}

/// Asks one target, and reads what each goroutine waits on where memory can be read.
pub fn diagnose_with_waits(command: &str, target: &str, args: &CollectArgs, global: &GlobalArgs) -> anyhow::Result<Diagnosis> {
    let targets = vec![Target::parse(target).map_err(ExpectedError::from)?];
    let memory = if args.prove { Memory::ProofAndWaits(args.stop_budget) } else { Memory::Waits };
    let options = Options { memory, ..options(args)? };
    let request = Request { targets, options, watch: None, trace: None, clock: Clock::WALL, rules: BTreeSet::new() };
    answer(command, &request, global)
}

/// Asks, showing what goes on.
pub fn answer(command: &str, request: &Request, global: &GlobalArgs) -> anyhow::Result<Diagnosis> {
    let progress = Progress::start(global.quiet || global.redact, output::lang(global));
    let answer = ask(request, command, &mut |event| progress.tell(&event));
    progress.clear();
    Ok(answer?)
}

/// The same with a clock of one's own, telling what happens.
pub fn ask(request: &Request, command: &str, tell: &mut dyn FnMut(Event<'_>)) -> Result<Diagnosis, ExpectedError> {
    herd_diagnose::diagnose(request, command, cancel_flag(), tell).map_err(ExpectedError::from)
}

/// The flag that Ctrl-C raises. What does not look at it, such as a blocked read of standard input, is ended a little later.
pub fn cancel_flag() -> &'static CancelFlag {
    static FLAG: OnceLock<CancelFlag> = OnceLock::new();
    FLAG.get_or_init(|| {
        let flag = CancelFlag::new();
        let raised = flag.clone();
        let set = ctrlc::set_handler(move || {
            raised.cancel();
            std::thread::sleep(CANCEL_GRACE);
            #[allow(clippy::exit, reason = "the main thread is blocked in the system and cannot be asked to return")]
            std::process::exit(Exit::Interrupted as i32);
        });
        if let Err(error) = set {
            anstream::eprintln!("goherd: Ctrl-C ends goherd without cleaning up: {error}");
        }
        flag
    })
}

/// The flags as options.
pub fn options(args: &CollectArgs) -> Result<Options, ExpectedError> {
    if args.stop_budget.is_some() && !args.prove {
        return Err(ExpectedError::Option {
            option: "--stop-budget",
            why: "nothing stops the process without --prove".into(),
            next: "Give --prove too, or leave it out.".into(),
        });
    }
    Ok(Options {
        max_goroutines_for_stw: args.max_goroutines,
        allow_stw: args.allow_stw,
        memory: if args.prove { Memory::Proof(args.stop_budget) } else { Memory::Stacks },
        timeout: args.timeout,
        auth: auth(args)?,
        headers: args.header.iter().map(|header| name_and_value(header)).collect::<Result<_, _>>()?,
        proxy: args.proxy.clone(),
        insecure_tls: args.insecure,
        ca_file: args.cacert.clone(),
        prefix: args.prefix.clone(),
        ..Options::default()
    })
}

fn auth(args: &CollectArgs) -> Result<Option<Auth>, ExpectedError> {
    if let Some(name) = &args.bearer_env {
        let token = std::env::var(name).map_err(|why| ExpectedError::Option {
            option: "--bearer-env",
            why: format!("{name}: {why}"),
            next: format!("Set it first: `export {name}=…`."),
        })?;
        return Ok(Some(Auth::Bearer(token)));
    }
    if let Some(token) = &args.bearer {
        return Ok(Some(Auth::Bearer(token.clone())));
    }
    Ok(args.user.as_ref().map(|pair| {
        let (user, password) = pair.split_once(':').unwrap_or((pair, ""));
        Auth::Basic { user: user.to_owned(), password: password.to_owned() }
    }))
}

fn name_and_value(header: &str) -> Result<(String, String), ExpectedError> {
    let pair = header.split_once(':').filter(|(name, _)| !name.trim().is_empty());
    let (name, value) = pair.ok_or_else(|| ExpectedError::Option {
        option: "--header",
        why: "there is no `NAME: VALUE` in it".into(),
        next: "Write `--header 'X-Team: orders'`.".into(),
    })?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}
