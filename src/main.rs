//! The `mparticle` command; everything it does is in `mparticle_events::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    mparticle_events::cli::main()
}
