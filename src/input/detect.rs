//! Finds out how batches are laid out in a file, from its first two lines.
