//! Pure rules: values in, values out. Nothing in here reads a file, the clock, the environment or the
//! network, and no function has an effect beside its result.

pub mod deployment;
pub mod text;
pub mod version;
