package workspace

// Bound sets smaller bounds of the bytes of uploads.
func (s *Store) Bound(user, all int64) { s.userBytesMax, s.bytesMax = user, all }
