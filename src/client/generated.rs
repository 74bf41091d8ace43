//! The generated methods, one per path, and the one thing that is changed about them.

#![allow(missing_docs, dead_code, unreachable_patterns, clippy::all, clippy::unwrap_used)]

use crate::types;

include!(concat!(env!("OUT_DIR"), "/client.rs"));

/// The generator adds the document's version to each request. The service knows no such header, and a typed request
/// should not differ from a raw one.
impl ClientHooks<()> for Client {
    async fn pre<E>(&self, request: &mut reqwest::Request, _: &OperationInfo) -> Result<(), Error<E>> {
        request.headers_mut().remove("api-version");
        Ok(())
    }
}
