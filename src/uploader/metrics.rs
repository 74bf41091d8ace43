//! What can be measured, under fixed names, without a metrics library: the caller brings one.

/// Takes measurements. All methods have a body that does nothing.
///
/// The methods are called while batches are enqueued and delivered: they must be quick, and must not block. The names and units are
/// those of [`Counter`], [`Gauge`] and [`Histogram`].
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use mparticle_events::uploader::{Counter, Metrics};
///
/// #[derive(Default)]
/// struct Accepted(AtomicU64);
///
/// impl Metrics for Accepted {
///     fn count(&self, counter: Counter, by: u64) {
///         if counter == Counter::Accepted {
///             self.0.fetch_add(by, Ordering::Relaxed);
///         }
///     }
/// }
/// ```
pub trait Metrics: Send + Sync {
    /// A counter goes up.
    fn count(&self, counter: Counter, by: u64) {
        let _ = (counter, by);
    }

    /// A gauge has this value now.
    fn gauge(&self, gauge: Gauge, value: u64) {
        let _ = (gauge, value);
    }

    /// One more value of a distribution.
    fn observe(&self, histogram: Histogram, value: f64) {
        let _ = (histogram, value);
    }
}

/// Measures nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoMetrics;

impl Metrics for NoMetrics {}

/// An enumeration of instruments with the name and unit of each, from one list.
macro_rules! instruments {
    ($(#[$about:meta])* $kind:ident { $($(#[$doc:meta])* $variant:ident => $name:literal, $unit:literal;)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum $kind { $($(#[$doc])* $variant,)* }

        impl $kind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name, in the form that most systems take.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it counts in.
            #[must_use]
            pub const fn unit(self) -> &'static str {
                match self { $(Self::$variant => $unit,)* }
            }
        }
    };
}

instruments! {
    /// What only goes up.
    Counter {
        /// Batches taken in.
        Enqueued => "mparticle_uploader_enqueued_total", "batches";
        /// Batches refused at the door because the check found an error.
        Invalid => "mparticle_uploader_invalid_total", "batches";
        /// Times that there was no room.
        Full => "mparticle_uploader_full_total", "times";
        /// Batches left from an earlier process, found in the spool.
        Recovered => "mparticle_uploader_recovered_total", "batches";
        /// Batches that went into an earlier one of the same user.
        Merged => "mparticle_uploader_merged_total", "batches";
        /// Batches the service took.
        Accepted => "mparticle_uploader_accepted_total", "batches";
        /// Batches the service refused.
        Rejected => "mparticle_uploader_rejected_total", "batches";
        /// Batches whose attempts were spent.
        GaveUp => "mparticle_uploader_gave_up_total", "batches";
        /// Errors of the service about one batch of a request, without saying which: all of them count as accepted.
        Untraced => "mparticle_uploader_untraced_errors_total", "errors";
        /// Batches that were given back.
        NotAttempted => "mparticle_uploader_not_attempted_total", "batches";
        /// Posts, repeated ones included.
        Requests => "mparticle_uploader_requests_total", "requests";
        /// Requests that had to be posted again.
        Retries => "mparticle_uploader_retries_total", "requests";
        /// Posts that were answered with 429.
        Throttled => "mparticle_uploader_throttled_total", "requests";
        /// Times that the spool could not be written any more.
        SpoolFailures => "mparticle_uploader_spool_failures_total", "times";
        /// Callbacks that panicked.
        CallbackPanics => "mparticle_uploader_callback_panics_total", "times";
    }
}

instruments! {
    /// What goes up and down.
    Gauge {
        /// Batches held: enqueued and not settled.
        HeldBatches => "mparticle_uploader_held_batches", "batches";
        /// Their bytes.
        HeldBytes => "mparticle_uploader_held_bytes", "bytes";
        /// 1 while the spool cannot be written, so that batches are refused; 0 once it can be again.
        SpoolFailing => "mparticle_uploader_spool_failing", "yes or no";
    }
}

instruments! {
    /// What has a distribution.
    Histogram {
        /// From enqueueing a batch to its end.
        SettleTime => "mparticle_uploader_settle_seconds", "seconds";
        /// One post, from sending to the answer.
        PostTime => "mparticle_uploader_post_seconds", "seconds";
        /// The body of one post.
        RequestBytes => "mparticle_uploader_request_bytes", "bytes";
    }
}
