//! A registry inside another command.

use tokio::net::TcpListener;

use crate::error::{Error, Exit};
use crate::registry::Registry;
use crate::server::{self, Access, Exposure, Listeners, Options, Rates};
use crate::store::Store;
use crate::world::World;

/// A registry on a free port of this machine, inside this process, for as long as the value lives.
pub(in crate::cli) struct Embedded {
    pub(in crate::cli) url: String,
    stop: tokio::sync::oneshot::Sender<()>,
    thread: std::thread::JoinHandle<Result<(), Error>>,
}

impl Embedded {
    /// Serves from a folder of its own.
    pub(in crate::cli) fn start(world: &World, folder: &std::path::Path) -> Result<Self, Error> {
        let (stop, asked) = tokio::sync::oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let (world, folder) = (world.clone(), folder.to_owned());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
                let store = Store::open(&folder, world.now()).await?;
                // Nobody waits for the address any more if the other end is gone.
                let _ = tell.send(listener.local_addr()?);
                let options = Options {
                    exposure: Exposure::Loopback,
                    access: Access::default(),
                    public_url: None,
                    rates: Rates::USUAL,
                    log_probes: false,
                    linger: std::time::Duration::ZERO,
                };
                let listeners = Listeners { api: listener, metrics: None, admin: None };
                let serving = server::serve(listeners, Registry::new(store, world), options, async {
                    let _ = asked.await;
                });
                Ok(serving.await?)
            })
        });
        match told.recv() {
            Ok(address) => Ok(Self { url: format!("http://{address}/"), stop, thread }),
            Err(_) => Err(ended(thread)
                .err()
                .unwrap_or_else(|| Error::new(Exit::Bug, "the registry did not start"))),
        }
    }

    /// Stops it after it has answered what it was asked.
    pub(in crate::cli) fn stop(self) -> Result<(), Error> {
        // A registry that ended by itself tells why below.
        let _ = self.stop.send(());
        ended(self.thread)
    }
}

fn ended(thread: std::thread::JoinHandle<Result<(), Error>>) -> Result<(), Error> {
    thread.join().unwrap_or_else(|_| Err(Error::new(Exit::Bug, "the registry broke off")))
}
