package main

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trie"
)

// groupVariants is how many variants the products of the trie have. Each has an
// offer, beside the product itself.
const groupVariants = 24

// trieSizes measures encoded paths, and for a group also with the 36 bytes that
// identify each of its records. In proofs of one record the records are those of
// products with 24 variants and, the worst case, each in a group of its own.
func trieSizes(_ context.Context, l *lab) ([]row, error) {
	groups := l.scale.records / (groupVariants + 1)
	shop, _, err := trie.Build(leavesOf(groups))
	if err != nil {
		return nil, err
	}
	inGroups, err := sizes(l.scale.proofs, func(i int) (float64, error) { return recordProof(shop, offerPath(i%groups, i%groupVariants)) })
	if err != nil {
		return nil, err
	}
	paths, err := sizes(l.scale.proofs, func(i int) (float64, error) { return groupProof(shop, i%groups, 0) })
	if err != nil {
		return nil, err
	}
	whole, err := sizes(l.scale.proofs, func(i int) (float64, error) { return groupProof(shop, i%groups, protocol.CIDSize) })
	if err != nil {
		return nil, err
	}
	lone, err := loneSizes(l)
	n := count(l.scale.records)
	return []row{
		absolute("path of one record among "+n+", mean", mean(inGroups), "KB", lower, 0.7),
		absolute("path of one record among "+n+", 99th percentile", percentile(inGroups, 99), "KB", lower, 0.9),
		absolute("path of one record among "+n+" that share no groups, mean", mean(lone), "KB", lower, 0.7),
		absolute(fmt.Sprintf("path of a group of %d variants, mean", groupVariants), mean(paths), "KB", lower, 1.5),
		absolute(fmt.Sprintf("path and record ids of a group of %d variants, mean", groupVariants), mean(whole), "KB", lower, 1.5),
	}, err
}

func loneSizes(l *lab) ([]float64, error) {
	leaves := make([]trie.Leaf, l.scale.records)
	for i := range leaves {
		leaves[i] = leaf(lonePath(i))
	}
	lone, _, err := trie.Build(leaves)
	if err != nil {
		return nil, err
	}
	return sizes(l.scale.proofs, func(i int) (float64, error) { return recordProof(lone, lonePath(i%len(leaves))) })
}

// sizes calls one for random numbers, the same in every run.
func sizes(n int, one func(i int) (float64, error)) ([]float64, error) {
	rnd := rand.New(rand.NewPCG(1, 1))
	out := make([]float64, n)
	for i := range out {
		var err error
		if out[i], err = one(rnd.IntN(1 << 40)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func recordProof(src trie.Source, path protocol.Path) (float64, error) {
	_, proof, err := trie.ProveRecord(src, path)
	if err != nil {
		return 0, err
	}
	return encodedSize(proof)
}

// groupProof returns the size of the path of a product's group and of each more
// bytes for each of its records.
func groupProof(src trie.Source, product, each int) (float64, error) {
	leaves, proof, err := trie.ProveGroup(src, catalog.ProductPath(handleOf(product)))
	if err != nil {
		return 0, err
	}
	size, err := encodedSize(proof)
	return size + float64(len(leaves)*each)/kilo, err
}

func encodedSize(p trie.Proof) (float64, error) {
	b, err := p.Encode()
	return float64(len(b)) / kilo, err
}

func leavesOf(products int) []trie.Leaf {
	leaves := make([]trie.Leaf, 0, products*(groupVariants+1))
	for i := range products {
		leaves = append(leaves, leaf(catalog.ProductPath(handleOf(i))))
		for j := range groupVariants {
			leaves = append(leaves, leaf(offerPath(i, j)))
		}
	}
	return leaves
}

// leaf stands for a record; what is in it changes no size.
func leaf(path protocol.Path) trie.Leaf {
	return trie.NewLeaf(path, protocol.Sum(protocol.DagCBOR, []byte(path)))
}

func offerPath(product, variant int) protocol.Path {
	return catalog.OfferPath(handleOf(product), variantOf(product, variant))
}

func lonePath(i int) protocol.Path { return protocol.Path(fmt.Sprintf("post/post-%07d", i)) }
