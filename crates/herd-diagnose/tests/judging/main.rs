//! What is judged, held against recordings of real programs.

mod catalogue;
mod recorded;
mod services;
