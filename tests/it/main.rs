//! The integration tests, one binary, since each test binary links the whole crate again.

mod tidy;
