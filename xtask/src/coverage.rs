//! stub
use crate::Outcome;
/// Arguments of the verb.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {}
/// stub
/// # Errors
/// none
pub fn run(_args: &Args) -> anyhow::Result<Outcome> {
    Ok(Outcome { text: String::new(), ok: true })
}
