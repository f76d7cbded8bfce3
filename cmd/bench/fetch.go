package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
)

// page is a response as it came over the wire.
type page struct {
	path   string
	status int
	header http.Header
	body   []byte // as encoded
}

// fetch gets an address with an Accept-Encoding header, "" for none.
func fetch(ctx context.Context, url, encoding string) (page, error) {
	return fetchWith(ctx, &http.Client{Transport: &http.Transport{DisableCompression: true, DisableKeepAlives: true}}, url, encoding)
}

func fetchWith(ctx context.Context, client *http.Client, url, encoding string) (page, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return page{}, err
	}
	if encoding != "" {
		req.Header.Set("Accept-Encoding", encoding)
	}
	resp, err := client.Do(req)
	if err != nil {
		return page{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return page{req.URL.RequestURI(), resp.StatusCode, resp.Header, body}, err
}

// fetchGood is fetch where anything but 200 is an error.
func fetchGood(ctx context.Context, url, encoding string) (page, error) {
	p, err := fetch(ctx, url, encoding)
	if err == nil && p.status != http.StatusOK {
		err = fmt.Errorf("%s: status %d", url, p.status)
	}
	return p, err
}
