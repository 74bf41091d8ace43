//! A transport that answers as it is told, and a place to note what a callback says.
#![allow(dead_code, reason = "each test uses some of it")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use mparticle_events::Endpoint;
use mparticle_events::deliver::{Answer, Transport};
use mparticle_events::uploader::Settled;
use serde_json::Value;
use tokio::sync::watch;

type Reply = Box<dyn Fn(&[u8]) -> Answer + Send + Sync>;

struct Inner {
    reply: Reply,
    bodies: Mutex<Vec<Value>>,
    gate: watch::Sender<bool>,
}

#[derive(Clone)]
pub struct Script(Arc<Inner>);

impl Script {
    pub fn answering(reply: impl Fn(&[u8]) -> Answer + Send + Sync + 'static) -> Self {
        let gate = watch::Sender::new(true);
        Self(Arc::new(Inner { reply: Box::new(reply), bodies: Mutex::default(), gate }))
    }

    pub fn accepting() -> Self {
        Self::answering(|_| Answer::status(202))
    }

    /// Does not answer before it is opened.
    pub fn gated() -> Self {
        let script = Self::accepting();
        script.0.gate.send_replace(false);
        script
    }

    pub fn open(&self) {
        self.0.gate.send_replace(true);
    }

    /// The bodies posted so far.
    pub fn bodies(&self) -> Vec<Value> {
        self.0.bodies.lock().unwrap().clone()
    }
}

impl Transport for Script {
    async fn post(&self, _: Endpoint, body: Bytes) -> Answer {
        self.0.bodies.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
        let mut open = self.0.gate.subscribe();
        open.wait_for(|open| *open).await.unwrap();
        (self.0.reply)(&body)
    }
}

/// The ids of all batches posted; each of them has one.
pub fn ids(bodies: &[Value]) -> BTreeSet<String> {
    let batches = bodies.iter().flat_map(|body| body.as_array().unwrap());
    batches.map(|batch| batch["source_request_id"].as_str().unwrap().to_owned()).collect()
}

/// What the callback was told, by ticket.
#[derive(Clone, Default)]
pub struct Fates(Arc<Mutex<Vec<Settled>>>);

impl Fates {
    pub fn note(&self) -> impl Fn(&Settled) + Send + Sync + 'static {
        let fates = self.0.clone();
        move |settled| {
            fates.lock().unwrap().push(settled.clone());
        }
    }

    pub fn all(&self) -> BTreeMap<u64, Settled> {
        // Not checked where it is told: there, the uploader would catch the panic.
        let mut fates = BTreeMap::new();
        for settled in self.0.lock().unwrap().iter() {
            let before = fates.insert(settled.ticket.number(), settled.clone());
            assert!(before.is_none(), "{} is told of twice", settled.ticket);
        }
        fates
    }
}
