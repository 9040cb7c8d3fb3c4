//! What the integration tests share: a sealed-off place to run the real binary in, and servers to run it against.

pub(crate) mod registry_mock;
pub(crate) mod sandbox;

pub(crate) use registry_mock::{RegistryMock, Reply};
pub(crate) use sandbox::Sandbox;
