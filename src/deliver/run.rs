//! One run of a sender.

use futures_core::Stream;

use super::{Observer, Sender, Stop, Summary, Transport};
use crate::pack::Request;

pub(super) async fn run<T, S, O>(sender: &Sender<T>, requests: S, stop: &Stop, observer: &mut O) -> Summary
where
    T: Transport,
    S: Stream<Item = Request>,
    O: Observer + ?Sized,
{
    let _ = (sender, requests, stop, observer);
    Summary::default()
}
