//! What the tests share.

pub(crate) mod registry;
pub(crate) mod served;
