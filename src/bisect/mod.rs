//! Where a bug came or went: a search over versions in the order of their age, by judging as few of them as it takes.
//!
//! What a version is and how it is judged is the caller's business: the search sees positions and states. Versions that can't be judged (they
//! don't build) are passed over. Several are judged at once only as far as the search still ends within its number of builds.

mod budget;
mod search;

pub use budget::limit;
pub use search::{Border, Search, SearchError, State};
