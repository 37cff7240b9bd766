package producer

// Command is how an admin types a command about a producer. It names the producer, so that
// it does where there are several.
func Command(verb, name string) string { return "urncast producer " + verb + " --producer " + name }
