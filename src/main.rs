//! The `mparticle` command.

fn main() {}
