//! Types of expressions against go/types: real packages, and small ones of every odd thing.

mod hostile;
mod odd;
mod oracle;
mod programs;
