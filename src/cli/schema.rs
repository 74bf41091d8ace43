//! `mparticle schema`: the JSON Schema that batches are checked against.

use super::exit::{Exit, Failure};
use super::output::Streams;
use crate::validate;

/// Shown under `--help`.
pub const EXAMPLES: &str = "\
Examples:
  # for an editor, or a validator in another language
  mparticle schema > mparticle.schema.json
  # what a product can have
  mparticle schema | jq '.[\"$defs\"].Product.properties | keys'

It is JSON Schema draft 2020-12 for one batch: the published document,
corrected where it is wrong, with the service's limits. What a schema cannot
express is not in it; `mparticle rules` lists that too.";

/// Prints the schema.
///
/// # Errors
///
/// When standard output cannot be written to.
pub fn run(streams: &mut Streams<'_>) -> Result<Exit, Failure> {
    streams.data(format_args!("{}\n", validate::schema_json().trim_end()))?;
    Ok(Exit::Clean)
}
