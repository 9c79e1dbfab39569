package source

// RegionFor is the region whose STS s asks for a role: Region, or where that is
// empty the one that stands for the whole partition of the role.
func (s STS) RegionFor(roleARN string) string { return s.region(roleARN) }
