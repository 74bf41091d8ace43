//! A model of the service's limits, and of senders that keep to them, in virtual time: events in the order of their time, no sleeping.

use std::collections::VecDeque;
use std::time::Duration;

use mparticle_events::deliver::limiter::Ticket;
use mparticle_events::deliver::{Answer, RateLimiter};

/// How the service counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Counting {
    /// In windows that begin every so many seconds.
    Fixed(f64),
    /// In the last so many seconds.
    Sliding(f64),
}

impl Counting {
    pub fn seconds(self) -> f64 {
        match self {
            Self::Fixed(seconds) | Self::Sliding(seconds) => seconds,
        }
    }
}

/// Numbers without a pattern, the same for the same seed (splitmix64).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The service: what it took, and what it allows.
pub struct Service {
    pub counting: Counting,
    /// Batches a second, from a time on.
    pub limits: Vec<(f64, f64)>,
    /// The most batches a second by which five seconds may differ from the five before.
    pub acceleration: Option<f64>,
    /// Whether it tells how much of the limit is used.
    pub header: bool,
    /// Whether that is a whole number.
    pub rounded: bool,
    pub retry_after: Option<u64>,
    /// What was taken and still counts, and the sum of it.
    taken: VecDeque<(f64, u64)>,
    counted: u64,
    /// All that was taken, by second.
    seconds: Vec<u64>,
}

impl Service {
    pub fn new(counting: Counting, limit: f64) -> Self {
        Self {
            counting,
            limits: vec![(0.0, limit)],
            acceleration: None,
            header: true,
            rounded: false,
            retry_after: None,
            taken: VecDeque::new(),
            counted: 0,
            seconds: Vec::new(),
        }
    }

    pub fn limit(&self, now: f64) -> f64 {
        self.limits.iter().rev().find(|(from, _)| *from <= now).unwrap().1
    }

    pub fn answer(&mut self, now: f64, batches: u64) -> Answer {
        let (from, seconds) = match self.counting {
            Counting::Fixed(seconds) => ((now / seconds).floor() * seconds, seconds),
            Counting::Sliding(seconds) => (now - seconds, seconds),
        };
        while let Some((_, gone)) = self.taken.front().copied().filter(|(at, _)| *at < from) {
            self.taken.pop_front();
            self.counted -= gone;
        }
        let allowed = self.limit(now) * seconds;
        let used = self.counted + batches;
        let mut answer = Answer::status(429);
        answer.retry_after = self.retry_after.map(Duration::from_secs);
        if used as f64 > allowed {
            answer.limit_exceeded = Some("account".to_owned());
            return answer;
        }
        if self.acceleration.is_some_and(|most| self.growth(now) + batches as f64 / 5.0 > most) {
            answer.limit_exceeded = Some("acceleration".to_owned());
            return answer;
        }
        self.taken.push_back((now, batches));
        self.counted = used;
        let second = now as usize;
        self.seconds.resize(self.seconds.len().max(second + 1), 0);
        self.seconds[second] += batches;
        let mut answer = Answer::status(202);
        let percentage = (used as f64 / allowed * 100.0).min(100.0);
        let told = if self.rounded { percentage.round() } else { percentage };
        answer.percentage_used = self.header.then_some(told);
        answer
    }

    /// Batches a second that the last five seconds have more than the five before.
    fn growth(&self, now: f64) -> f64 {
        let length = self.seconds.len();
        let of = |from: usize, to: usize| {
            self.seconds[from.min(length)..to.min(length)].iter().sum::<u64>() as f64 / 5.0
        };
        let now = now as usize + 1;
        of(now.saturating_sub(5), now) - of(now.saturating_sub(10), now.saturating_sub(5))
    }
}

/// One sender: its limiter, and what came of its requests.
pub struct Client {
    pub limiter: RateLimiter,
    pub batches: u64,
    pub workers: usize,
    pub begins: f64,
    /// For how many seconds of how many there is something to send; always, if it does not say.
    pub busy: Option<(f64, f64)>,
    /// Batches taken, by second.
    pub taken: Vec<u64>,
    /// The seconds in which a request was answered 429.
    pub refused: Vec<f64>,
    pub requests: Vec<f64>,
    waiting: VecDeque<Ticket>,
}

impl Client {
    pub fn new(limiter: RateLimiter, batches: u64) -> Self {
        let (taken, refused, requests) = (Vec::new(), Vec::new(), Vec::new());
        let waiting = VecDeque::new();
        Self { limiter, batches, workers: 64, begins: 0.0, busy: None, taken, refused, requests, waiting }
    }

    /// The first moment from then on at which there is something to send.
    fn busy_at(&self, at: Duration) -> Duration {
        let Some((busy, of)) = self.busy else { return at };
        let at = at.as_secs_f64();
        let begun = (at / of).floor() * of;
        Duration::from_secs_f64(if at - begun < busy { at } else { begun + of })
    }

    /// A worker gets in line.
    fn begin(&mut self, index: usize, now: Duration, random: &mut Random, agenda: &mut Agenda) {
        self.waiting.push_back(self.limiter.enter(self.batches));
        if self.waiting.len() == 1 {
            self.ask(index, now, random, agenda);
        }
    }

    /// The first in the queue asks, and the next one when it went.
    fn ask(&mut self, index: usize, now: Duration, random: &mut Random, agenda: &mut Agenda) {
        while let Some(&first) = self.waiting.front() {
            if let Err(due) = self.limiter.poll(first, now) {
                // Timers are late by up to a millisecond.
                let late = Duration::from_nanos((random.next() * 1e6) as u64);
                return agenda.push(due + late, index, What::Ask);
            }
            self.waiting.pop_front();
            let way = Duration::from_nanos((1e7 + random.next() * 6e6) as u64);
            agenda.push(now + way, index, What::Arrive { sent: now });
        }
    }

    fn landed(&mut self, now: Duration, sent: Duration, answer: &Answer) {
        self.limiter.observe(now, sent, self.batches, answer);
        self.requests.push(now.as_secs_f64());
        if answer.status_code() == Some(429) {
            self.refused.push(now.as_secs_f64());
        } else {
            let second = now.as_secs() as usize;
            self.taken.resize(self.taken.len().max(second + 1), 0);
            self.taken[second] += self.batches;
        }
    }

    /// Batches a second that were taken between two times.
    pub fn rate(&self, from: usize, to: usize) -> f64 {
        self.taken.iter().take(to).skip(from).sum::<u64>() as f64 / (to - from) as f64
    }

    /// Of the requests answered between two times, the share that was refused.
    pub fn refused(&self, from: usize, to: usize) -> f64 {
        let count = |times: &[f64]| times.iter().filter(|at| (from as f64..to as f64).contains(at)).count();
        count(&self.refused) as f64 / count(&self.requests).max(1) as f64
    }
}

enum What {
    /// A worker has something to send.
    Begin,
    /// The first in the queue asks whether it may go.
    Ask,
    Arrive {
        sent: Duration,
    },
    Land {
        sent: Duration,
        answer: Box<Answer>,
    },
}

/// What happens when, in the order of time; of what happens at once, what was said first.
///
/// Few events wait at a time, so a sorted list does; debug builds are quicker with it than with a heap.
#[derive(Default)]
struct Agenda {
    /// Nanoseconds, the client, and what happens; the next one last.
    events: Vec<(u64, usize, What)>,
}

impl Agenda {
    fn push(&mut self, at: Duration, client: usize, what: What) {
        let at = at.as_nanos() as u64;
        let place = self.events.partition_point(|event| event.0 > at);
        self.events.insert(place, (at, client, what));
    }

    fn pop(&mut self) -> Option<(Duration, usize, What)> {
        let (at, client, what) = self.events.pop()?;
        Some((Duration::from_nanos(at), client, what))
    }
}

/// Runs all clients against the service for so many seconds.
///
/// Only the first in a client's queue asks; those behind it would hear nothing but to come back later.
pub fn simulate(service: &mut Service, clients: &mut [Client], seconds: usize, seed: u64) {
    let mut random = Random(seed);
    let mut agenda = Agenda::default();
    for (index, client) in clients.iter().enumerate() {
        for _ in 0..client.workers {
            agenda.push(Duration::from_secs_f64(client.begins), index, What::Begin);
        }
    }
    while let Some((now, index, what)) = agenda.pop() {
        if now.as_secs_f64() >= seconds as f64 {
            break;
        }
        let client = &mut clients[index];
        match what {
            What::Begin => client.begin(index, now, &mut random, &mut agenda),
            What::Ask => client.ask(index, now, &mut random, &mut agenda),
            What::Arrive { sent } => {
                let answer = service.answer(now.as_secs_f64(), client.batches);
                // Most answers take 30 ms, some many times that.
                let took = 0.030 * (1.0 + 0.3 * -(1.0 - random.next()).ln()).powi(2);
                let at = now + Duration::from_nanos((took * 1e9) as u64);
                agenda.push(at, index, What::Land { sent, answer: Box::new(answer) });
            }
            What::Land { sent, answer } => {
                client.landed(now, sent, &answer);
                let refused = answer.status_code() == Some(429);
                let rest = if refused { random.next() * 5e8 } else { 0.0 };
                let again = client.busy_at(now + Duration::from_nanos(rest as u64));
                if again > now {
                    agenda.push(again, index, What::Begin);
                } else {
                    client.begin(index, now, &mut random, &mut agenda);
                }
            }
        }
    }
}
