//! How many connections each address has: one alone must not take the places of all.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Counts those who are connected.
#[derive(Debug)]
pub(super) struct Guests {
    /// The most connections of one address; 0 for any number.
    most: u32,
    counts: Mutex<BTreeMap<IpAddr, u32>>,
}

/// One who is connected, until it is dropped.
#[derive(Debug)]
pub(super) struct Guest {
    guests: Arc<Guests>,
    address: IpAddr,
}

impl Guests {
    pub(super) fn new(most: u32) -> Arc<Self> {
        Arc::new(Self { most, counts: Mutex::default() })
    }

    /// Takes one more in, unless there are enough of this address. Whoever is on this machine may be a proxy that speaks
    /// for many.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Guest> {
        let address = address.to_canonical();
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.get(&address).copied().unwrap_or(0);
        if self.most > 0 && count >= self.most && !address.is_loopback() {
            return None;
        }
        counts.insert(address, count.saturating_add(1));
        Some(Guest { guests: Arc::clone(self), address })
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut counts = self.guests.counts.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.get_mut(&self.address) {
            Some(count) if *count > 1 => *count = count.saturating_sub(1),
            _ => drop(counts.remove(&self.address)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_has_so_many_and_others_have_theirs() {
        let guests = Guests::new(2);
        let enter = |address: &str| guests.enter(address.parse().unwrap());
        let (one, two) = (enter("10.0.0.1"), enter("::ffff:10.0.0.1"));
        assert!(one.is_some() && two.is_some() && enter("10.0.0.1").is_none());
        assert!(enter("10.0.0.2").is_some());
        drop(two);
        assert!(enter("10.0.0.1").is_some(), "a place that was given back");
        drop(one);
        assert!(guests.counts.lock().unwrap().is_empty(), "nobody is remembered");
    }

    #[test]
    fn this_machine_is_exempt_and_0_is_no_limit() {
        let guests = Guests::new(1);
        let held: Vec<_> = (0..5).map(|_| guests.enter("127.0.0.1".parse().unwrap())).collect();
        assert!(held.iter().all(Option::is_some));
        let guests = Guests::new(0);
        let held: Vec<_> = (0..5).map(|_| guests.enter("10.0.0.1".parse().unwrap())).collect();
        assert!(held.iter().all(Option::is_some));
    }
}
