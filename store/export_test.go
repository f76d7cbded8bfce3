package store

// IndexRows returns the suffixes of the index rows of a table.
func (v *View) IndexRows(table string) (rows []string, err error) {
	all := v.index()
	if tableOf([]byte(table)) < 0 {
		for row, err := range all.changed(table, "") {
			if err != nil {
				return nil, err
			}
			rows = append(rows, string(row.suffix))
		}
		return rows, nil
	}
	for row, err := range all.scan(table, "") {
		if err != nil {
			return nil, err
		}
		rows = append(rows, string(row))
	}
	return rows, nil
}
