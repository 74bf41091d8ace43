//! Tests of the decisions, without I/O.
