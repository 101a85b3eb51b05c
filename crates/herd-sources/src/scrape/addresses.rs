//! Which addresses a target may have. Lists of targets come from elsewhere, and one who writes them must not have goherd ask the cloud's
//! metadata service, or whatever listens on the daemon's own host.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Where targets may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Named by the daemon's own configuration: anywhere but where clouds tell secrets.
    Named,
    /// Discovered: nothing on this host itself, nothing link-local.
    Discovered,
    /// In one of these networks, and nowhere else.
    Networks(Vec<Network>),
}

/// Addresses with a common beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// An address that may not be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The address.
    pub address: IpAddr,
    /// What it is.
    pub why: &'static str,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}: not asked; list its network under `networks` if it is meant", self.address, self.why)
    }
}

/// Metadata services of clouds that are not link-local.
const METADATA: [IpAddr; 3] = [
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
];

impl Reach {
    /// Whether the address may be asked.
    pub fn allows(&self, address: IpAddr) -> Result<(), Refused> {
        let address = address.to_canonical();
        let refused = |why| Err(Refused { address, why });
        if let Reach::Networks(networks) = self {
            return if networks.iter().any(|network| network.holds(address)) {
                Ok(())
            } else {
                refused("in none of the networks that may be asked")
            };
        }
        if METADATA.contains(&address) {
            return refused("a cloud's metadata service");
        }
        if is_link_local(address) {
            return refused("link-local, where clouds have their metadata service");
        }
        if address.is_multicast() || address == IpAddr::V4(Ipv4Addr::BROADCAST) {
            return refused("no address of one host");
        }
        if *self == Reach::Discovered && (address.is_loopback() || address.is_unspecified()) {
            return refused("this host itself, which no discovered target may be");
        }
        Ok(())
    }
}

impl Network {
    fn holds(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                same_bits(u128::from(own.to_bits()) << 96, u128::from(other.to_bits()) << 96, self.bits)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => same_bits(own.to_bits(), other.to_bits(), self.bits),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

fn same_bits(a: u128, b: u128, bits: u8) -> bool {
    (a ^ b).checked_shr(128 - u32::from(bits)).unwrap_or(0) == 0
}

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

impl FromStr for Network {
    type Err = String;

    /// `10.0.0.0/8`, `fd00::/8`, or one address.
    fn from_str(text: &str) -> Result<Self, String> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| format!("`{text}` is no network such as 10.0.0.0/8"))?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), |bits| {
            bits.parse().ok().filter(|bits| *bits <= most).ok_or_else(|| format!("`{text}`: at most {most} bits"))
        })?;
        Ok(Network { address, bits })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(reach: &Reach, allowed: &[&str], refused: &[&str]) {
        for address in allowed {
            assert_eq!(reach.allows(address.parse().expect("an address")), Ok(()), "{address}");
        }
        for address in refused {
            assert!(reach.allows(address.parse().expect("an address")).is_err(), "{address}");
        }
    }

    #[test]
    fn secrets_of_clouds_are_out_of_reach() {
        let secret = ["169.254.169.254", "fe80::1", "::ffff:169.254.169.254", "100.100.100.200", "fd00:ec2::254", "224.0.0.1"];
        check(&Reach::Named, &["127.0.0.1", "::1", "10.1.2.3", "8.8.8.8", "fd00::1"], &secret);
        check(&Reach::Discovered, &["10.1.2.3", "192.168.0.1", "fd00::1"], &secret);
        check(&Reach::Discovered, &[], &["127.0.0.1", "::1", "0.0.0.0", "::ffff:127.0.0.1", "::"]);
    }

    #[test]
    fn networks_are_read_and_kept_to() {
        let reach = Reach::Networks(
            ["10.0.0.0/8", "fd00::/8", "169.254.169.254", "1.2.3.4/31"].map(|text| text.parse().expect(text)).to_vec(),
        );
        check(
            &reach,
            &["10.255.0.1", "::ffff:10.0.0.1", "fdff::1", "169.254.169.254", "1.2.3.5"],
            &["11.0.0.1", "fe80::1", "169.254.169.253", "1.2.3.6", "127.0.0.1"],
        );
        let all: Network = "0.0.0.0/0".parse().expect("all");
        assert!(all.holds("9.9.9.9".parse().expect("an address")) && !all.holds("::1".parse().expect("an address")));
        for wrong in ["", "10.0.0.0/33", "10.0.0/8", "a/8", "::/129", "1.2.3.4/-1"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }
}
