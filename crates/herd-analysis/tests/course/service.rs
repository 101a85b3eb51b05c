//! A service in numbers: requests come and are answered, connections open, batches run, deploys happen, and perhaps something leaks. What it
//! is like is drawn at random.

use herd_analysis::course::{FamilyCount, Reading};
use herd_model::StateClass;

/// Seconds of one step.
pub const STEP_S: f64 = 2.5;
pub const HOUR_S: f64 = 3600.0;
pub const DAY_S: f64 = 86_400.0;
/// The family that leaks, where one does.
pub const LEAKING: u64 = 99;

/// What sets a service apart from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Steady,
    Diurnal,
    Bursty,
    Batch,
    Connections,
    Deploys,
    Stalls,
    Tenants,
}

pub const SHAPES: [Shape; 8] = [
    Shape::Steady,
    Shape::Diurnal,
    Shape::Bursty,
    Shape::Batch,
    Shape::Connections,
    Shape::Deploys,
    Shape::Stalls,
    Shape::Tenants,
];

/// SplitMix64 (Steele, Lea, Flood 2014).
pub struct Chance(pub u64);

impl Chance {
    pub fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Evenly over orders of magnitude.
    pub fn around(&mut self, low: f64, high: f64) -> f64 {
        self.between(low.ln(), high.ln()).exp()
    }

    fn normal(&mut self) -> f64 {
        let (a, b) = (self.unit().max(1e-12), self.unit());
        (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
    }

    /// A count with this mean.
    pub fn poisson(&mut self, mean: f64) -> f64 {
        if mean > 30.0 {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0);
        }
        let (mut product, mut count) = (self.unit(), 0.0);
        let limit = (-mean).exp();
        while product > limit {
            product *= self.unit();
            count += 1.0;
        }
        count
    }
}

pub struct Leak {
    pub from_s: f64,
    pub rate_per_s: f64,
}

pub struct Service {
    shape: Shape,
    chance: Chance,
    pub at_s: f64,
    pub leak: Option<Leak>,
    // What it is like.
    rate: f64,
    swing: f64,
    phase: f64,
    latency_s: f64,
    fan_out: f64,
    cpu_a_request: f64,
    counts_requests: bool,
    event_every_s: f64,
    event_size: f64,
    event_long_s: f64,
    event_class: StateClass,
    // How it is now.
    started_s: f64,
    requests: f64,
    cpu_s: f64,
    in_flight: f64,
    pool: f64,
    connections: f64,
    clients: f64,
    batch: f64,
    leaked: f64,
    event_at_s: f64,
    deploy_at_s: f64,
}

impl Service {
    pub fn drawn(shape: Shape, seed: u64) -> Service {
        let mut chance = Chance(seed.wrapping_mul(0x1234_5678_9abc_def1) ^ shape as u64);
        let draw = &mut chance;
        let classes = [StateClass::Select, StateClass::ChanReceive, StateClass::ChanSend, StateClass::Io, StateClass::Lock];
        let event_every_s = draw.around(20.0 * 60.0, 24.0 * HOUR_S);
        let mut service = Service {
            shape,
            at_s: 0.0,
            leak: None,
            rate: draw.around(0.5, 2000.0),
            swing: if shape == Shape::Steady { 0.0 } else { draw.between(0.1, 0.9) },
            phase: draw.between(0.0, DAY_S),
            latency_s: draw.around(0.002, 0.5),
            fan_out: draw.between(0.0, 4.0).floor(),
            cpu_a_request: draw.around(0.000_1, 0.003),
            counts_requests: draw.unit() < 0.8,
            event_every_s,
            event_size: draw.around(20.0, 3000.0),
            event_long_s: draw.around(20.0, 3.0 * HOUR_S).min(event_every_s / 2.0),
            event_class: classes[(draw.unit() * 5.0) as usize % 5],
            started_s: -draw.between(0.0, 30.0 * DAY_S),
            requests: 0.0,
            cpu_s: 0.0,
            in_flight: 0.0,
            pool: 0.0,
            connections: 0.0,
            clients: draw.around(2.0, 500.0),
            batch: 0.0,
            leaked: 0.0,
            event_at_s: draw.between(0.0, event_every_s),
            deploy_at_s: if shape == Shape::Deploys { draw.between(0.0, 3.0 * DAY_S) } else { f64::INFINITY },
            chance: Chance(0),
        };
        service.chance = chance;
        service.connections = service.clients;
        service
    }

    /// Whether an event, such as a burst or a batch, is under way, and since when.
    fn event(&mut self) -> Option<f64> {
        if self.at_s > self.event_at_s + self.event_long_s {
            self.event_at_s += self.event_every_s * self.chance.between(0.7, 1.3);
        }
        let since = self.at_s - self.event_at_s;
        (since >= 0.0).then_some(since)
    }

    fn arriving(&mut self, event: Option<f64>) -> f64 {
        let day = ((self.at_s + self.phase) / DAY_S * std::f64::consts::TAU).sin();
        let weekend = if (self.at_s / DAY_S) as u64 % 7 >= 5 { 1.0 - self.swing / 2.0 } else { 1.0 };
        let mut rate = self.rate * (1.0 + self.swing * day) * weekend;
        if let (Shape::Bursty, Some(since)) = (self.shape, event) {
            // Up within a minute, down within another one.
            let height = 1.0 + self.event_size.ln();
            let edge = (since.min(self.event_long_s - since) / 60.0).clamp(0.0, 1.0);
            rate *= 1.0 + height * edge;
        }
        rate
    }

    pub fn step(&mut self) {
        self.at_s += STEP_S;
        if self.at_s > self.deploy_at_s {
            self.deploy_at_s = self.at_s + self.chance.between(HOUR_S, 7.0 * DAY_S);
            self.started_s = self.at_s;
            (self.requests, self.cpu_s, self.in_flight, self.pool, self.connections, self.batch, self.leaked) =
                Default::default();
        }
        let event = self.event();
        let mut arriving = self.arriving(event);
        let mut latency_s = self.latency_s;
        if let (Shape::Stalls, Some(_)) = (self.shape, event) {
            // Somebody whom it asks does not answer: requests wait for up to half a minute and fail.
            latency_s = (self.latency_s * self.event_size).min(30.0);
        }
        if self.shape == Shape::Tenants {
            arriving *= 1.0 - (-(self.at_s - self.started_s) / HOUR_S).exp() * 0.5;
        }
        let came = self.chance.poisson(arriving * STEP_S);
        let answered = ((self.in_flight + came) * (1.0 - (-STEP_S / latency_s).exp())).round();
        self.in_flight = self.in_flight + came - answered;
        // What a moment shows of requests that live for less than a step.
        let short = if latency_s < STEP_S { self.chance.poisson(arriving * latency_s) } else { 0.0 };
        self.requests += answered;
        self.cpu_s += answered * self.cpu_a_request * self.chance.between(0.9, 1.1) + 0.002 * STEP_S;
        let working = f64::midpoint(self.in_flight, short);
        self.pool = if working > self.pool { working.ceil() } else { (self.pool - self.pool * STEP_S / 60.0).max(working) };
        self.connect(event);
        self.run_batch(event);
        if let Some(leak) = &self.leak
            && self.at_s >= leak.from_s
        {
            self.leaked += self.chance.poisson(leak.rate_per_s * STEP_S);
        }
    }

    fn connect(&mut self, event: Option<f64>) {
        let mut wanted = self.clients;
        if let (Shape::Connections, Some(since)) = (self.shape, event) {
            wanted += self.event_size * (since / self.event_long_s * 2.0).min(1.0);
        }
        let missing = wanted - self.connections;
        // They come as fast as they are wanted, and leave over minutes.
        let change = if missing > 0.0 { missing * STEP_S / 10.0 } else { missing * STEP_S / 300.0 };
        self.connections += change;
    }

    fn run_batch(&mut self, event: Option<f64>) {
        if self.shape != Shape::Batch {
            return;
        }
        self.batch = event.map_or(0.0, |since| {
            let filled = (since / (self.event_long_s * 0.3)).min(1.0);
            let left = ((self.event_long_s - since) / (self.event_long_s * 0.4)).clamp(0.0, 1.0);
            (self.event_size * filled.min(left)).round()
        });
        // Its work is what it is there for.
        let working = self.batch.min(8.0);
        self.cpu_s += working * self.chance.between(0.3, 0.9) / 4.0 * STEP_S;
    }

    fn tenants(&self) -> f64 {
        if self.shape != Shape::Tenants {
            return 0.0;
        }
        let lived_s = self.at_s - self.started_s;
        (self.event_size * (1.0 - (-lived_s / (self.event_every_s * 2.0)).exp())).round()
    }

    pub fn reading(&self) -> Reading {
        let goroutines: u32 = self.families().iter().map(|family| family.count).sum();
        Reading {
            at_s: self.at_s,
            goroutines: f64::from(goroutines),
            requests: self.counts_requests.then_some(self.requests),
            cpu_s: Some((self.cpu_s * 100.0).floor() / 100.0),
            started: Some(self.started_s),
        }
    }

    pub fn families(&self) -> Vec<FamilyCount> {
        let family = |id, count: f64, class, inbound| FamilyCount { id, count: count as u32, class, inbound };
        let requests = self.in_flight + (self.rate * self.latency_s).min(self.pool);
        vec![
            family(1, 12.0, StateClass::Select, false),
            family(2, requests, StateClass::Select, true),
            family(3, requests * self.fan_out, StateClass::ChanReceive, false),
            family(4, self.pool, StateClass::ChanReceive, false),
            family(5, self.connections, StateClass::Io, true),
            // A feed has one that reads and one that writes.
            family(6, self.connections, StateClass::Select, false),
            family(7, self.batch, self.event_class, false),
            family(8, self.tenants(), StateClass::Select, false),
            family(LEAKING, self.leaked, StateClass::ChanSend, false),
        ]
    }

    /// How long goroutines of a family have waited, in seconds.
    pub fn waits_s(&mut self, family: u64) -> Vec<f64> {
        let now = self.at_s;
        match (family, &self.leak) {
            (LEAKING, Some(leak)) => {
                let since = now - leak.from_s;
                (0..self.leaked as u64).map(|at| since * at as f64 / self.leaked).collect()
            }
            // A tenant's worker is woken every minute.
            (8, _) => (0..self.tenants() as u64).map(|_| self.chance.between(0.0, 60.0)).collect(),
            _ => Vec::new(),
        }
    }
}
