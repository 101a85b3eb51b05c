//! The mappings of a stopped process, and which of their pages a core file holds.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::error::LiveError;

/// Bytes of a page, on the one architecture whose processes are copied.
pub const PAGE: u64 = 4096;

/// A mapping as `/proc/PID/smaps` has it, or `/proc/PID/maps` where the kernel keeps no more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    /// First address.
    pub from: u64,
    /// Address behind the last.
    pub end: u64,
    /// `r-xp`
    pub mode: String,
    /// Offset in the file, in bytes.
    pub offset: u64,
    /// Device and inode of the file; none for anonymous memory.
    pub file: Option<(u64, u64, u64)>,
    /// Path of the file, or the kernel's name for the mapping.
    pub path: String,
    /// Bytes in memory or swapped out, and those of them that are not pages of a file; unknown without `smaps`.
    pub resident: Option<(u64, u64)>,
    /// The kernel's two-letter flags (`VmFlags`).
    pub flags: Vec<String>,
}

/// How a core file holds a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Not at all: nothing can be read there.
    Nothing,
    /// Not as it is: why.
    LeftOut(Reason),
    /// The file it maps holds the same; the first page, which tells which file it is, is written.
    InFile,
    /// Pages that are there; the others read as zero.
    Present,
    /// All pages, some of which may only be known by reading them.
    All,
}

/// Why memory is not in a core file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The program asked for that (`MADV_DONTDUMP`).
    Excluded,
    /// A copy has zeros there (`MADV_WIPEONFORK`).
    Wiped,
    /// It belongs to a device.
    Device,
    /// Reading failed.
    Unread,
}

impl Mapping {
    /// Bytes it spans.
    pub fn len(&self) -> u64 {
        self.end.saturating_sub(self.from)
    }

    /// How a core file holds it; `same` tells whether its path leads to the file it maps.
    pub fn part(&self, same: impl Fn(&Mapping) -> bool) -> Part {
        let flag = |name: &str| self.flags.iter().any(|flag| flag == name);
        if !self.mode.starts_with('r') || self.path.starts_with("[vvar") || self.path == "[vsyscall]" {
            return Part::Nothing;
        }
        if flag("io") || flag("pf") {
            return Part::LeftOut(Reason::Device);
        }
        if flag("wf") {
            return Part::LeftOut(Reason::Wiped);
        }
        if flag("dd") {
            return Part::LeftOut(Reason::Excluded);
        }
        let is_private = self.mode.ends_with('p');
        if self.file.is_none() {
            return if is_private && self.path != "[vdso]" { Part::Present } else { Part::All };
        }
        let unchanged = match self.resident {
            Some((_, own)) => own == 0,
            None => !self.mode.contains('w'),
        };
        if (unchanged || !is_private) && same(self) { Part::InFile } else { Part::All }
    }
}

/// The mappings of a process, in order of address.
pub fn read(pid: i32) -> Result<Vec<Mapping>, LiveError> {
    let detailed = fs::read_to_string(format!("/proc/{pid}/smaps"));
    let text = match detailed {
        Ok(text) if !text.is_empty() => text,
        _ => {
            let path = format!("/proc/{pid}/maps");
            fs::read_to_string(&path).map_err(|source| LiveError::Io { path, source })?
        }
    };
    Ok(parse(&text))
}

/// Lines of `smaps` or `maps`.
pub fn parse(text: &str) -> Vec<Mapping> {
    let mut mappings: Vec<Mapping> = Vec::new();
    for line in text.lines() {
        if let Some(mapping) = head(line) {
            mappings.push(mapping);
        } else if let Some(mapping) = mappings.last_mut() {
            detail(mapping, line);
        }
    }
    mappings
}

/// `00400000-00563000 r-xp 00001000 fe:00 247026    /srv/api`
fn head(line: &str) -> Option<Mapping> {
    let mut rest = line;
    let mut word = || {
        let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
        rest = after;
        word
    };
    let (from, end) = word().split_once('-')?;
    let mode = word();
    let (offset, device, inode) = (word(), word(), word());
    let number = |text: &str| u64::from_str_radix(text, 16).ok();
    let (major, minor) = device.split_once(':')?;
    let inode: u64 = inode.parse().ok()?;
    Some(Mapping {
        from: number(from)?,
        end: number(end)?,
        mode: mode.to_owned(),
        offset: number(offset)?,
        file: if inode == 0 { None } else { Some((number(major)?, number(minor)?, inode)) },
        // A line break in a path is the one thing the kernel escapes there.
        path: rest.trim_start().replace("\\012", "\n"),
        ..Mapping::default()
    })
}

fn detail(mapping: &mut Mapping, line: &str) {
    let Some((name, value)) = line.split_once(':') else { return };
    let bytes = || value.trim().strip_suffix("kB").and_then(|size| size.trim().parse::<u64>().ok()).map_or(0, |kb| kb << 10);
    let (resident, own) = mapping.resident.unwrap_or_default();
    match name {
        "Rss" => mapping.resident = Some((resident + bytes(), own)),
        "Anonymous" => mapping.resident = Some((resident, own + bytes())),
        "Swap" => mapping.resident = Some((resident + bytes(), own + bytes())),
        "VmFlags" => mapping.flags = value.split_ascii_whitespace().map(str::to_owned).collect(),
        _ => {}
    }
}

/// Whether the path of a mapping leads to the file it maps: not where that was deleted, or lies in a container.
pub fn leads_to_file(mapping: &Mapping) -> bool {
    let Ok(found) = fs::metadata(Path::new(&mapping.path)) else { return false };
    let (major, minor) = device(found.dev());
    mapping.file == Some((major, minor, found.ino()))
}

/// The major and minor number in a `dev_t` of the C libraries (`gnu_dev_major`).
fn device(number: u64) -> (u64, u64) {
    (number >> 8 & 0xfff | number >> 32 & !0xfff, number & 0xff | number >> 12 & !0xff)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMAPS: &str = "\
00400000-00563000 r-xp 00001000 fe:00 247026                     /srv/a b (deleted)
Size:               1420 kB
Rss:                 900 kB
Anonymous:             0 kB
Swap:                  0 kB
VmFlags: rd ex mr mw me
00600000-00700000 rw-p 00200000 fe:00 247026                     /srv/a b (deleted)
Rss:                 100 kB
Anonymous:            40 kB
Swap:                  8 kB
VmFlags: rd wr mr mw me ac
c000000000-c000400000 rw-p 00000000 00:00 0 
Rss:                   4 kB
Anonymous:             4 kB
VmFlags: rd wr mr mw me ac
c000400000-c004000000 ---p 00000000 00:00 0 
VmFlags: mr mw me
7f0000000000-7f0000001000 rw-p 00000000 00:00 0 
VmFlags: rd wr mr mw me dd
7f0000001000-7f0000002000 rw-p 00000000 00:00 0 
VmFlags: rd wr mr mw me wf
7f0000002000-7f0000003000 rw-s 00000000 00:06 9                  /dev/fb0
VmFlags: rd wr sh mr mw me ms pf io
7f0000003000-7f0000004000 r--p 00000000 00:00 0                  [vvar]
VmFlags: rd mr pf io de dd
7f0000004000-7f0000005000 r-xp 00000000 00:00 0                  [vdso]
VmFlags: rd ex mr mw me de
";

    #[test]
    fn each_kind_of_mapping() {
        let mappings = parse(SMAPS);
        let parts = |same: bool| mappings.iter().map(|mapping| mapping.part(|_| same)).collect::<Vec<_>>();
        let (present, left) = (Part::Present, Part::LeftOut);
        let rest =
            [present, Part::Nothing, left(Reason::Excluded), left(Reason::Wiped), left(Reason::Device), Part::Nothing, Part::All];
        assert_eq!(parts(true), [[Part::InFile, Part::All].as_slice(), &rest].concat());
        assert_eq!(parts(false), [[Part::All, Part::All].as_slice(), &rest].concat());
        let text = &mappings[0];
        assert_eq!((text.from, text.end, text.offset, text.file), (0x40_0000, 0x56_3000, 0x1000, Some((0xfe, 0, 247_026))));
        assert_eq!((text.path.as_str(), text.mode.as_str()), ("/srv/a b (deleted)", "r-xp"));
        assert_eq!(mappings[1].resident, Some((108 << 10, 48 << 10)));
    }

    /// Without `smaps` what may be written may have been.
    #[test]
    fn less_is_known_from_maps() {
        let heads: Vec<&str> = SMAPS.lines().filter(|line| head(line).is_some()).collect();
        let mappings = parse(&heads.join("\n"));
        assert_eq!(mappings.len(), 9);
        assert_eq!(mappings[0].part(|_| true), Part::InFile);
        assert_eq!(mappings[1].part(|_| true), Part::All);
        assert_eq!(mappings[1].resident, None);
    }

    #[test]
    fn own_mappings_lead_to_their_files() {
        let own = read(std::process::id().try_into().expect("a process id")).expect("mappings");
        let program = std::env::current_exe().expect("a path").display().to_string();
        let mapped: Vec<&Mapping> = own.iter().filter(|mapping| mapping.path == program).collect();
        assert!(!mapped.is_empty() && mapped.iter().all(|mapping| leads_to_file(mapping)));
        assert!(own.iter().any(|mapping| mapping.path == "[stack]" && mapping.resident.is_some_and(|(all, _)| all > 0)));
    }
}
