//! Whom the daemon asks: what goherd.toml and the files it names say, with labels changed by rules.
//!
//! A file that cannot be read leaves its targets as they were. Nothing is left out silently: each [`Told`] names the place and why.

mod listed;
mod relabel;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use herd_config::{Asking, FileTargets, Scheme, SecretError, Targets, Watch};
use herd_sources::Auth;
use herd_sources::scrape::{Asked, Network, Reach};
use url::Url;

use listed::Found;
pub use listed::ListError;
use relabel::Rules;

/// Labels of a target.
pub type Labels = BTreeMap<String, String>;

/// Most targets there may be in all.
pub const TARGETS_MAX: usize = 100_000;

/// One target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// What identifies and routes what is found: those told and `instance`, the address.
    pub labels: Labels,
    /// How its metrics are asked for. Its `id` stays the same as long as labels and address do.
    pub asked: Asked,
    /// Where its profiles are, as a target of goherd's other commands.
    pub profiles: Url,
}

/// Something that was left out, or could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Told {
    /// A list cannot be read; what it said before holds.
    #[error("{place}: {why}; its targets stay as they were")]
    List {
        /// The file.
        place: String,
        /// What is wrong.
        why: ListError,
    },
    /// A target cannot be asked.
    #[error("{place}: target `{address}` is left out: {why}")]
    Target {
        /// The file, or `goherd.toml`.
        place: String,
        /// As it stands there.
        address: String,
        /// What is wrong.
        why: String,
    },
    /// There are more than [`TARGETS_MAX`].
    #[error("{0} targets are left out: there may be {TARGETS_MAX} at most")]
    TooMany(usize),
}

/// Why targets cannot be found at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetsError {
    /// A rule of `[[targets.relabel]]`.
    #[error("[[targets.relabel]] number {number}: {why}")]
    Rule {
        /// From 1.
        number: usize,
        /// What is wrong.
        why: String,
    },
    /// A network.
    #[error("[targets] networks: {0}")]
    Network(String),
    /// A secret.
    #[error("[targets] {0}")]
    Secret(#[from] SecretError),
}

/// Finds targets again and again, and knows those it has found.
#[derive(Debug)]
pub struct Finder {
    fixed: Vec<(Vec<Found>, Manner)>,
    files: Vec<(FileTargets, Manner)>,
    rules: Rules,
    root: PathBuf,
    /// What each file said last.
    lists: BTreeMap<PathBuf, Vec<Found>>,
    read_at: Option<Instant>,
    ids: HashMap<(Labels, String), u32>,
    next_id: u32,
}

/// How the targets of one source are asked.
#[derive(Clone, Debug)]
struct Manner {
    place: String,
    labels: Labels,
    scheme: &'static str,
    metrics: String,
    profiles: String,
    auth: Option<Auth>,
    reach: Reach,
    every: Duration,
    timeout: Duration,
}

impl Finder {
    /// Reads what `[targets]` and `[watch]` say. Secrets are got here, once; paths are seen from `root`.
    pub fn new(targets: &Targets, watch: &Watch, root: &Path) -> Result<Finder, TargetsError> {
        let mut fixed = Vec::new();
        for one in &targets.fixed {
            let manner = manner("goherd.toml", &one.ask, &one.labels, watch, &Reach::Named)?;
            let found = one.addresses.iter().map(|address| Found { address: address.clone(), labels: Labels::new() });
            fixed.push((found.collect(), manner));
        }
        let mut files = Vec::new();
        for one in &targets.files {
            files.push((one.clone(), manner("", &one.ask, &one.labels, watch, &Reach::Discovered)?));
        }
        Ok(Finder {
            fixed,
            files,
            rules: Rules::new(&targets.relabel)?,
            root: root.to_owned(),
            lists: BTreeMap::new(),
            read_at: None,
            ids: HashMap::new(),
            next_id: 0,
        })
    }

    /// How long the lists may be taken as they are; nothing where there are none.
    pub fn refresh(&self) -> Option<Duration> {
        self.files.iter().map(|(file, _)| file.refresh.0).min()
    }

    /// Whether the lists should be read again.
    pub fn is_due(&self, now: Instant) -> bool {
        self.read_at.is_none_or(|read| self.refresh().is_some_and(|refresh| now.duration_since(read) >= refresh))
    }

    /// All targets, in the order of their labels, and what was left out.
    pub fn find(&mut self, now: Instant) -> (Vec<Target>, Vec<Told>) {
        self.read_at = Some(now);
        let mut told = Vec::new();
        let mut all = self.fixed.clone();
        let mut seen = BTreeSet::new();
        for (file, manner) in &self.files {
            let paths: Vec<PathBuf> =
                file.paths.iter().flat_map(|path| listed::paths(&self.root.join(path), &mut told)).collect();
            for path in paths {
                let place = path.display().to_string();
                match listed::read(&path) {
                    Ok(found) => drop(self.lists.insert(path.clone(), found)),
                    Err(why) => told.push(Told::List { place: place.clone(), why }),
                }
                let found = self.lists.get(&path).cloned().unwrap_or_default();
                seen.insert(path);
                all.push((found, Manner { place, ..manner.clone() }));
            }
        }
        // A file that is gone has no targets any more.
        self.lists.retain(|path, _| seen.contains(path));
        let mut targets: BTreeMap<(Labels, String), Target> = BTreeMap::new();
        let mut too_many = 0;
        for (found, manner) in &all {
            for one in found {
                match target(one, manner, &self.rules) {
                    Ok(Some(_)) if targets.len() >= TARGETS_MAX => too_many += 1,
                    Ok(Some(target)) => {
                        targets.entry((target.labels.clone(), target.asked.url.to_string())).or_insert(target);
                    }
                    Ok(None) => {}
                    Err(why) => told.push(Told::Target { place: manner.place.clone(), address: one.address.clone(), why }),
                }
            }
        }
        if too_many > 0 {
            told.push(Told::TooMany(too_many));
        }
        self.ids.retain(|key, _| targets.contains_key(key));
        for (key, target) in &mut targets {
            target.asked.id = *self.ids.entry(key.clone()).or_insert_with(|| {
                self.next_id += 1;
                self.next_id
            });
        }
        (targets.into_values().collect(), told)
    }
}

fn manner(place: &str, ask: &Asking, labels: &Labels, watch: &Watch, reach: &Reach) -> Result<Manner, TargetsError> {
    let auth = match (&ask.bearer, &ask.basic) {
        (Some(token), _) => Some(Auth::Bearer(token.get()?.0)),
        (None, Some(basic)) => Some(Auth::Basic { user: basic.user.clone(), password: basic.password.get()?.0 }),
        (None, None) => None,
    };
    let networks: Result<Vec<Network>, String> = ask.networks.iter().map(|text| text.parse()).collect();
    let networks = networks.map_err(TargetsError::Network)?;
    let every = ask.every.unwrap_or(watch.every).0;
    Ok(Manner {
        place: place.to_owned(),
        labels: labels.clone(),
        scheme: match ask.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        },
        metrics: ask.metrics.clone(),
        profiles: ask.profiles.clone(),
        auth,
        reach: if networks.is_empty() { reach.clone() } else { Reach::Networks(networks) },
        every,
        timeout: watch.timeout.0.min(every),
    })
}

/// What is asked of one that was found; nothing where a rule leaves it out.
fn target(found: &Found, manner: &Manner, rules: &Rules) -> Result<Option<Target>, String> {
    let mut labels = manner.labels.clone();
    labels.insert("__address__".to_owned(), found.address.clone());
    labels.insert("__scheme__".to_owned(), manner.scheme.to_owned());
    labels.insert("__metrics_path__".to_owned(), manner.metrics.clone());
    labels.extend(found.labels.iter().map(|(name, value)| (name.clone(), value.clone())));
    if !rules.apply(&mut labels) {
        return Ok(None);
    }
    let of = |name: &str| labels.get(name).map(String::as_str).unwrap_or_default();
    let origin = origin(of("__scheme__"), of("__address__"))?;
    let under = |path: &str| {
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        origin.join(&path).ok().filter(|url| url.origin() == origin.origin()).ok_or_else(|| format!("`{path}` is no path"))
    };
    let mut url = under(of("__metrics_path__"))?;
    for (name, value) in labels.iter().filter_map(|(name, value)| Some((name.strip_prefix("__param_")?, value))) {
        url.query_pairs_mut().append_pair(name, value);
    }
    let profiles = under(&manner.profiles)?;
    let address = of("__address__").to_owned();
    let mut own: Labels = labels.into_iter().filter(|(name, value)| !name.starts_with("__") && !value.is_empty()).collect();
    own.entry("instance".to_owned()).or_insert(address);
    let (auth, reach) = (manner.auth.clone(), manner.reach.clone());
    let asked = Asked { id: 0, url, every: manner.every, timeout: manner.timeout, auth, reach };
    Ok(Some(Target { labels: own, asked, profiles }))
}

/// `scheme://host:port`, and nothing more than that.
fn origin(scheme: &str, address: &str) -> Result<Url, String> {
    if !matches!(scheme, "http" | "https") {
        return Err(format!("`{scheme}` is neither http nor https"));
    }
    if address.is_empty() || address.contains(['/', '?', '#', '@', '\\', ' ']) {
        return Err("it is no address such as `host:port`".to_owned());
    }
    let url =
        Url::parse(&format!("{scheme}://{address}/")).map_err(|why| format!("it is no address such as `host:port`: {why}"))?;
    if url.host().is_none() { Err("it names no host".to_owned()) } else { Ok(url) }
}
