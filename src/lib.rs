//! tracehound.
