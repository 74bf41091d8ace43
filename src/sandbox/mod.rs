//! sandbox: being written.
