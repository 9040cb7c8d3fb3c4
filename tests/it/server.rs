//! The server: both APIs and the pages without a socket, then the binary itself.

mod audit;
mod binary;
mod browser;
mod commits;
mod files;
mod guard;
mod history;
mod holds;
mod incidents;
mod limits;
mod live;
mod log;
mod marks;
mod matrix;
mod metrics;
mod observations;
mod openapi;
mod pages;
mod probes;
mod releases;
mod settings;
mod states;
mod tokens;
mod v1;
mod v2;
mod webhooks;
