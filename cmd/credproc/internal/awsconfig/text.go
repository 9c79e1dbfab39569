package awsconfig

// Text is the content of a config or credentials file, byte for byte, if it can
// be read as [Load] reads it; nothing for one that does not exist.
func Text(path string) ([]byte, error) {
	text, err := read(path)
	if err != nil {
		return nil, err
	}
	_, err = parse(path, text, configFile)
	return text, err
}
