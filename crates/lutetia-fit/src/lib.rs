//! Likelihoods, individual estimation, optimisers.
