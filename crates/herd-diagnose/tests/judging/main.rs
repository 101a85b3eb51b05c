//! What is judged, held against recordings of real programs.

mod catalogue;
mod incident;
mod recorded;
mod services;
