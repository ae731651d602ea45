package api

// Routes are the patterns under which the server answers.
func (s *Server) Routes() []string { return s.patterns }
