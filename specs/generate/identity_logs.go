package main

import (
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
)

func validLogs() []vec {
	good := identity.HeadRef{Epoch: 0, Seq: 1795253400500, Head: headNamed("good")}
	return []vec{
		begin(ownerOf("tea"), "n1").tell("a genesis"),
		begin(ownerOf("tea")).tell("a genesis without online keys"),
		plainLog().tell("a key is added and a domain claimed"),
		revoked(&good).tell("a key is revoked behind its last good head"),
		revoked(nil).tell("a key is revoked that never signed a good head"),
		twiceRevoked(&good).tell("two revocations"),
		boardLog().tell("two of three owners sign"),
		newOwners().tell("the brand changes hands"),
		forked().tell("a fork: the last common operation governs"),
		longFork().tell("a fork with one branch longer than the other"),
		merged().tell("a fork and its merge"),
		mergedAcrossEpochs(&good).tell("a merge of branches with different epochs"),
		mergedThree().tell("three branches and the merges that join them"),
		halfMerged().tell("three branches of which two are merged"),
		stolen().tell("a used root key forks the log"),
		branches(16).tell("sixteen branches"),
		seventeenMerged().tell("seventeen branches and the merges that join them"),
	}
}

func plainLog() *story {
	s := begin(ownerOf("tea"), "n1")
	s.then(s.draft().Add(publicOf("n2")))
	d := s.draft()
	d.Domain = "tea.example"
	s.then(d)
	return s
}

func revoked(good *identity.HeadRef) *story {
	s := begin(ownerOf("tea"), "n1", "n2")
	s.then(s.draft().Revoke(good, publicOf("n1").ID()).Add(publicOf("n3")))
	return s
}

func twiceRevoked(good *identity.HeadRef) *story {
	s := revoked(good)
	s.then(s.draft().Revoke(&identity.HeadRef{Epoch: 1, Seq: 1795253400900, Head: headNamed("later")}, publicOf("n3").ID()))
	return s
}

func boardLog() *story {
	s := begin(boardOf(2), "n1")
	s.then(s.draft().Add(publicOf("n2")))
	return s
}

// newOwners commits to other people's keys in operation 1.
func newOwners() *story {
	s := begin(ownerOf("tea"), "n1")
	old, heirs := s.owners, boardOf(3)
	d := s.draft()
	sure(s.log.AppendSigned(sure(sure(d.Op(old.signers(1), heirs.commit(2))).Sign(old.roots(1)...))))
	s.owners = heirs
	s.then(s.draft().Revoke(nil, publicOf("n1").ID()).Add(publicOf("n9")))
	return s
}

func forked() *story {
	s := begin(ownerOf("tea"), "n1")
	s.then(s.draft())
	s.then(s.draft().Add(publicOf("n2")), s.draft().Add(publicOf("n3")))
	return s
}

func longFork() *story {
	s := forked()
	s.then(s.extend(s.log.State().Tips[0]))
	return s
}

func merged() *story {
	s := forked()
	tips := s.log.State().Tips
	s.then(s.merge(tips[0], tips[1]))
	return s
}

func mergedAcrossEpochs(good *identity.HeadRef) *story {
	s := begin(ownerOf("tea"), "n1")
	ids := s.then(s.draft().Add(publicOf("n2")), s.draft().Revoke(good, publicOf("n1").ID()).Add(publicOf("n3")))
	s.then(s.merge(ids[0], ids[1]))
	return s
}

func halfMerged() *story {
	s := begin(ownerOf("tea"), "n1")
	ids := s.then(s.draft(), s.draft(), s.draft())
	s.then(s.merge(ids[0], ids[1]), s.extend(ids[2]))
	return s
}

func mergedThree() *story {
	s := halfMerged()
	tips := s.log.State().Tips
	s.then(s.merge(tips[0], tips[1]))
	return s
}

func stolen() *story {
	s := begin(ownerOf("tea"), "n1")
	base, thief := s.draft(), ownerOf("thief")
	s.then(base)
	op := sure(base.Add(publicOf("n6")).Op(s.signers(1), thief.commit(2)))
	sure(s.log.AppendSigned(sure(op.Sign(s.roots(1)...))))
	return s
}

// branches forks a log at its genesis.
func branches(n int) *story {
	s := begin(ownerOf("tea"), "n1")
	for range n {
		s.then(s.extend(s.log.Brand()))
	}
	return s
}

// seventeenMerged merges two branches before it adds the seventeenth.
func seventeenMerged() *story {
	s := begin(ownerOf("tea"), "n1")
	var level []protocol.CID
	for range 16 {
		level = append(level, s.then(s.extend(s.log.Brand()))...)
	}
	first := s.then(s.merge(level[0], level[1]))
	last := s.then(s.extend(s.log.Brand()))
	level = append(first, s.joined(append(level[2:], last...))...)
	for len(level) > 1 {
		level = s.joined(level)
	}
	return s
}

// joined merges operations of one number in pairs, and brings one that is left over
// to the number of the others.
func (s *story) joined(level []protocol.CID) (next []protocol.CID) {
	for ; len(level) > 1; level = level[2:] {
		next = append(next, s.then(s.merge(level[0], level[1]))...)
	}
	for _, id := range level {
		next = append(next, s.then(s.extend(id))...)
	}
	return next
}
