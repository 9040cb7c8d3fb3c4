//! How many requests one token or one address may send: a bucket that holds those of a minute and fills up evenly.
//! Each process counts for itself.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// Buckets of each kind that are remembered; more would let strangers fill the memory. Tokens have their own, so that
/// strangers push none of them out.
const MOST: usize = 10_000;
/// A minute in milliseconds, and what one request takes out of a bucket that gains its rate in each of them.
const MINUTE: i64 = 60_000;

/// How much one client may take; 0 for any number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Requests within a minute with one token.
    pub token: u32,
    /// Requests within a minute without a token, from one address.
    pub address: u32,
    /// Connections of one address at a time.
    pub connections: u32,
}

impl Rates {
    /// 500 a second with a token, 100 without: what a busy CI sends, and many times what a person does. An eighth of all
    /// connections, which is many times what a browser opens.
    pub const USUAL: Self = Self { token: 30_000, address: 6_000, connections: 128 };
}

impl Default for Rates {
    fn default() -> Self {
        Self::USUAL
    }
}

/// What counts as one address: whoever has an address of IPv6 has the 2^64 of its network.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        address @ IpAddr::V4(_) => address,
    }
}

/// Whose requests are counted together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sender {
    /// The id of a token.
    Token(String),
    Address(IpAddr),
}

/// What is taken out of each bucket, in requests times milliseconds of a minute, and when that was counted.
#[derive(Debug)]
pub(super) struct Buckets {
    rates: Rates,
    of_tokens: Mutex<BTreeMap<Sender, (i64, i64)>>,
    of_addresses: Mutex<BTreeMap<Sender, (i64, i64)>>,
}

impl Buckets {
    pub(super) fn new(rates: Rates) -> Self {
        Self { rates, of_tokens: Mutex::default(), of_addresses: Mutex::default() }
    }

    /// Takes one request out; or says in how many seconds there is one again. `now` in milliseconds since 1970.
    pub(super) fn take(&self, sender: Sender, now: i64) -> Result<(), i64> {
        let (rate, buckets) = match sender {
            Sender::Token(_) => (self.rates.token, &self.of_tokens),
            Sender::Address(_) => (self.rates.address, &self.of_addresses),
        };
        let rate = i64::from(rate);
        if rate == 0 {
            return Ok(());
        }
        let mut known = buckets.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that went back fills nothing.
        let left = |(taken, at): (i64, i64)| {
            taken.saturating_sub(now.saturating_sub(at).max(0).saturating_mul(rate))
        };
        if known.len() >= MOST && !known.contains_key(&sender) {
            make_room(&mut known, now);
        }
        let taken = known.get(&sender).map_or(0, |bucket| left(*bucket).max(0)).saturating_add(MINUTE);
        let over = taken.saturating_sub(rate.saturating_mul(MINUTE));
        if over > 0 {
            let wait = over.saturating_add(rate).saturating_sub(1) / rate;
            return Err(wait.saturating_add(999) / 1_000);
        }
        known.insert(sender, (taken, now));
        Ok(())
    }
}

/// Forgets the buckets that are full by now, and where those are few the half that was used longest ago.
fn make_room(known: &mut BTreeMap<Sender, (i64, i64)>, now: i64) {
    known.retain(|_, (_, at)| now.saturating_sub(*at) < MINUTE);
    if known.len() < MOST {
        return;
    }
    let mut times: Vec<i64> = known.values().map(|(_, at)| *at).collect();
    let half = MOST / 2;
    let (_, middle, _) = times.select_nth_unstable(half);
    let (middle, mut more) = (*middle, half);
    known.retain(|_, (_, at)| {
        let goes = *at <= middle && more > 0;
        more = more.saturating_sub(usize::from(goes));
        !goes
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one() -> Sender {
        Sender::Address("10.0.0.1".parse().unwrap())
    }

    #[test]
    fn a_bucket_holds_a_minute_and_fills_up_evenly() {
        let buckets = Buckets::new(Rates { token: 0, address: 60, connections: 0 });
        let sent = |now, count: usize| (0..count).filter(|_| buckets.take(one(), now).is_ok()).count();
        assert_eq!(sent(1_000, 100), 60);
        assert_eq!(buckets.take(one(), 1_000), Err(1));
        assert_eq!(sent(3_500, 100), 2, "two and a half seconds later");
        assert_eq!(sent(4_000, 100), 1);
        assert_eq!(sent(2_000, 100), 0, "a clock that goes back");
        assert_eq!(sent(200_000, 100), 60, "and never more than a minute");
        let other = Sender::Address("10.0.0.2".parse().unwrap());
        assert_eq!(buckets.take(other, 200_000), Ok(()));
        assert!((0..1_000).all(|_| buckets.take(Sender::Token("t".to_owned()), 0).is_ok()), "0 is no limit");
    }

    #[test]
    fn a_slow_bucket_says_how_long_to_wait() {
        let buckets = Buckets::new(Rates { token: 2, address: 0, connections: 0 });
        let take = |now| buckets.take(Sender::Token("t".to_owned()), now);
        assert_eq!(
            [take(0), take(0), take(0), take(29_001), take(30_000)],
            [Ok(()), Ok(()), Err(30), Err(1), Ok(())]
        );
    }

    #[test]
    fn strangers_do_not_fill_the_memory_and_get_no_free_way() {
        let buckets = Buckets::new(Rates { token: 1, address: 1, connections: 0 });
        let address = |at: u32| Sender::Address(IpAddr::V4(at.into()));
        let most = u32::try_from(MOST).unwrap();
        for at in 0..most + 5 {
            assert_eq!(buckets.take(address(at), i64::from(at)), Ok(()));
        }
        let count = || buckets.of_addresses.lock().unwrap().len();
        assert_eq!(count(), MOST / 2 + 5);
        assert!(buckets.take(address(most + 4), i64::from(most) + 5).is_err(), "who came last is remembered");
        assert_eq!(buckets.take(one(), MINUTE * 2), Ok(()));
        for at in 0..most {
            let _ = buckets.take(address(at), MINUTE * 4);
        }
        assert!(count() <= MOST);
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let networks =
            ["2001:db8:1:2:3::4", "2001:db8:1:2::", "::ffff:10.0.0.1", "10.0.0.1", "2001:db8:1:3::"]
                .map(|address| network(address.parse().unwrap()).to_string());
        assert_eq!(networks, ["2001:db8:1:2::", "2001:db8:1:2::", "10.0.0.1", "10.0.0.1", "2001:db8:1:3::"]);
    }
}
