package producer

import "urncast/registry"

// WishResume is the wish to end a suspension, which is no start.
const WishResume = "resume"

// ActBaselineBySetting is the action of the audit for a baseline that no admin asked
// for. Its user is UserOfSettings.
const ActBaselineBySetting = "baseline begun by a setting"

// UserOfSettings stands in the audit for what settings do.
const UserOfSettings = "(setting)"

// WishCancel is the wish to start a producer that FAILED once its job is cancelled. It
// is no start as Config.BaselineAtEveryStart counts them.
const WishCancel = "cancel"

// A Wish is what an admin last asked for.
type Wish struct {
	Sequence int64 // rises with each
	Run      State // Stopped, Idle (which stands for: started) or Suspended
	How      string
	Keep     bool // the suspension outlives a restart
	// Skip is the transaction to be left out, if that is how to start; Reason why,
	// and User who asks.
	Skip         registry.Number
	Reason, User string
}

// WishSkip is the wish to start after the transaction at which the producer
// failed. Start does not take it: it comes with a number and a reason.
const WishSkip = "skip"
