// SPDX-License-Identifier: MIT
//
// A mailbox that is moved while mail arrives (host/control/move.hpp): a delivery that may have to be repeated, two
// moves, of which the second may resume or overtake the first, or move on what the first has moved; and an
// administrator who takes the mailbox back. Every step is one transaction of the tree, or one step of an MDA, which
// excludes the others from the mailbox.
//
// Set from outside:
//   SITE      MOVE: the moves as they are; PURGE: each deletes the old mailbox at its end; LATE: who takes a mailbox
//             back may be stopped between the word in the tree and the deed
//   WITHOUT   the guard that is taken out, one of those below

#define MOVE 1
#define PURGE 2
#define LATE 3
#ifndef SITE
#define SITE MOVE
#endif

#define CLAIM_SEEN 1       // a move begins on the condition that nobody else has begun one since it looked
#define SWITCH_OURS 2      // and switches on the condition that nobody has since
#define RETIRE_FIRST 3     // the old mailbox is retired before it is copied
#define LOOK_LOCKED 4      // whoever stores looks whether the mailbox is retired while he excludes retire
#define IDS 5              // a message that is copied keeps its id
#define CLAIM_FIRST 6      // what an interrupted move has begun is deleted after nobody can switch to it any more
#define GIVE_BACK 7        // who retired what was taken back before takes it back once more
#define WHOLE 8            // only a mailbox that was moved out of is purged, none that is being filled
#ifndef WITHOUT
#define WITHOUT 0
#endif
#define guarded(guard) (WITHOUT != guard)

// The mailboxes: 1 is the first; that which move n makes is n + 2. In the tree, `moving` is the new one's number, or a
// token of one who takes a mailbox back.
#define MAILBOXES 4
#define fresh (me + 2)
#define token (me + TOKENS)
#define TOKENS 4
#define ADMINISTRATOR 2
#define WALKERS 3

mtype = {READ, LOOK, STORE, ANSWER, ANSWERED};
mtype = {BEGIN, CLAIM, CLEAR, NOTE, MAKE, FIRST_LOOK, RETIRE, SECOND_LOOK, COPY, NOTE_OLD, SWITCH, END, DELETE, AFTER,
         LEAVE, GIVE, TAKE, ADOPT, REMOVE, LET, OVER};

// The tree.
byte id = 1;
byte moving;
bit begun[MAILBOXES];  // an object says that somebody makes it
bit whole[MAILBOXES];  // an object says that it was moved out of

// The mailboxes.
bit there[MAILBOXES] = {0, 1, 0, 0};
bit retired[MAILBOXES];
byte copies[MAILBOXES];  // of the message

// The delivery.
mtype delivery = READ;
byte into;
bit sees_retired;
bit answered;

// The moves, and the administrator.
mtype at[WALKERS] = BEGIN;
byte old[WALKERS];
byte seen[WALKERS];     // `moving`, as it was read
bit has_retired[WALKERS];
bit trouble = 1;
bit given_up;  // a move was killed, or did not wait to its end

#define is_ours(me) (id == old[me] && moving == fresh)
inline erase(mailbox) {
  there[mailbox] = 0;
  retired[mailbox] = 0;
  copies[mailbox] = 0
}

// Deletes whatever others have begun, and its object.
inline remove_begun() {
  if
  :: begun[2] && fresh != 2 && id != 2 -> erase(2); begun[2] = 0
  :: else -> skip
  fi;
  if
  :: begun[3] && fresh != 3 && id != 3 -> erase(3); begun[3] = 0
  :: else -> skip
  fi
}
inline adopt(next) {
  retired[old[me]] = 0;
  at[me] = next
}
inline take_back(next) {
  if
  :: SITE == LATE -> at[me] = ADOPT
  :: else -> adopt(next)
  fi
}
inline over() {
  at[me] = OVER;
  old[me] = 0;
  seen[me] = 0;
  has_retired[me] = 0
}

active [2] proctype move() {
  byte me = _pid;
  do
  // Who finds a move at its end has only its object to remove. Both begin with the mailbox that mail goes to.
  :: d_step { at[me] == BEGIN ->
      old[me] = id;
      seen[me] = moving;
      // Who takes a mailbox back is not overtaken by a move.
      at[me] = (moving >= TOKENS -> OVER : (guarded(CLAIM_FIRST) || moving == 0 -> CLAIM : CLEAR))
    }
  :: d_step { at[me] == CLAIM ->
      if
      :: id == old[me] && (moving == seen[me] || !guarded(CLAIM_SEEN)) ->
        moving = fresh;
        begun[old[me]] = 0;
        whole[old[me]] = 0;
        at[me] = (seen[me] != 0 && guarded(CLAIM_FIRST) -> CLEAR : NOTE)
      :: else -> over()
      fi
    }
  :: d_step { at[me] == CLEAR -> remove_begun(); at[me] = (guarded(CLAIM_FIRST) -> NOTE : CLAIM) }
  :: d_step { at[me] == NOTE -> begun[fresh] = 1; at[me] = MAKE }
  :: d_step { at[me] == MAKE -> there[fresh] = 1; at[me] = FIRST_LOOK }
  :: d_step { at[me] == FIRST_LOOK ->
      at[me] = (!is_ours(me) -> AFTER : (guarded(RETIRE_FIRST) -> RETIRE : COPY))
    }
  :: d_step { at[me] == RETIRE ->
      has_retired[me] = 1;
      retired[old[me]] = there[old[me]];
      at[me] = (guarded(RETIRE_FIRST) -> SECOND_LOOK : NOTE_OLD)
    }
  :: d_step { at[me] == SECOND_LOOK -> at[me] = (is_ours(me) -> COPY : AFTER) }
  // All that is found, and then once more until nothing is.
  :: d_step { at[me] == COPY ->
      if
      :: !there[fresh] -> at[me] = AFTER
      :: there[fresh] ->
        copies[fresh] = (copies[fresh] < copies[old[me]] -> copies[old[me]] : copies[fresh]);
        at[me] = (guarded(RETIRE_FIRST) -> NOTE_OLD : RETIRE)
      fi
    }
  :: d_step { at[me] == NOTE_OLD -> whole[old[me]] = 1; at[me] = SWITCH }
  :: d_step { at[me] == SWITCH ->
      if
      :: id == old[me] && (moving == fresh || !guarded(SWITCH_OURS)) -> id = fresh; moving = 0; at[me] = END
      :: else -> at[me] = AFTER
      fi
    }
  :: d_step { at[me] == END -> begun[fresh] = 0; at[me] = (SITE == PURGE -> DELETE : OVER); has_retired[me] = 0 }
  // What the tree says to have been moved out of, and not what mail goes to now.
  :: d_step { at[me] == DELETE ->
      if
      :: id != 1 && (whole[1] || (begun[1] && !guarded(WHOLE))) -> erase(1); whole[1] = 0
      :: else -> skip
      fi;
      if
      :: id != 2 && (whole[2] || (begun[2] && !guarded(WHOLE))) -> erase(2); whole[2] = 0
      :: else -> skip
      fi;
      if
      :: id != 3 && (whole[3] || (begun[3] && !guarded(WHOLE))) -> erase(3); whole[3] = 0
      :: else -> skip
      fi;
      over()
    }
  // It has failed. Ours: it is resumed, or taken back, by whoever comes next.
  :: d_step { at[me] == AFTER -> at[me] = (id == fresh -> END : (is_ours(me) -> OVER : LEAVE)) }
  :: d_step { at[me] == LEAVE ->
      erase(fresh);
      begun[fresh] = 0;
      at[me] = (has_retired[me] && guarded(GIVE_BACK) -> GIVE : OVER)
    }
  // Another move of it retires it itself. One who takes it back, or begins to move it, is waited for; not for ever.
  :: d_step { at[me] == GIVE ->
      if
      :: id == old[me] && moving == 0 -> at[me] = TAKE
      :: id == old[me] && moving != 0 && (moving >= TOKENS || !begun[moving]) -> given_up = 1; at[me] = OVER
      :: else -> at[me] = OVER
      fi
    }
  :: d_step { at[me] == TAKE ->
      if
      :: id == old[me] && moving == 0 -> moving = token; take_back(LET)
      :: else -> at[me] = GIVE
      fi
    }
  :: d_step { at[me] == ADOPT -> adopt(LET) }
  :: d_step { at[me] == LET -> moving = (moving == token -> 0 : moving); over() }
  :: at[me] == OVER -> over(); break
  od
}

active proctype deliver() {
  do
  :: d_step { delivery == READ -> into = id; delivery = (guarded(LOOK_LOCKED) -> STORE : LOOK) }
  :: d_step { delivery == LOOK -> sees_retired = retired[into]; delivery = STORE }
  :: d_step { delivery == STORE ->
      if
      :: there[into] && !(guarded(LOOK_LOCKED) -> retired[into] : sees_retired) ->
        // Known by its id where it was stored, or was copied with it.
        copies[into] = (copies[into] == 0 || into == 1 || guarded(IDS) -> 1 : 2);
        delivery = ANSWER
      :: else -> delivery = READ  // 75, and the MTA tries again
      fi;
      into = 0;
      sees_retired = 0
    }
  :: d_step { delivery == ANSWER -> answered = 1; delivery = ANSWERED }
  :: delivery == ANSWERED -> break
  od
}

#define is_over(m) (at[m] == OVER)
// He takes a mailbox back at any moment, and at last when all moves have ended, and it takes no mail.
#define must_adopt (is_over(0) && is_over(1) && (moving != 0 || retired[id]))

active proctype administrator() {
  byte me = ADMINISTRATOR;
end:
  do
  :: d_step { at[me] == BEGIN && (trouble || must_adopt) -> old[me] = id; seen[me] = moving; at[me] = TAKE }
  :: d_step { at[me] == TAKE ->
      if
      :: id == old[me] && moving == seen[me] -> moving = token; take_back(REMOVE)
      :: else -> at[me] = BEGIN; old[me] = 0; seen[me] = 0
      fi
    }
  :: d_step { at[me] == ADOPT -> adopt(REMOVE) }
  :: d_step { at[me] == REMOVE -> begun[old[me]] = 0; whole[old[me]] = 0; remove_begun(); at[me] = LET }
  :: d_step { at[me] == LET ->
      moving = (moving == token -> 0 : moving);
      at[me] = BEGIN;
      old[me] = 0;
      seen[me] = 0
    }
  od
}

#define strikes(who, to) \
  :: d_step { trouble && at[who] != BEGIN && at[who] != OVER -> \
      given_up = given_up || who != ADMINISTRATOR; \
      at[who] = to; old[who] = 0; seen[who] = 0; has_retired[who] = 0 }

active proctype fate() {
end:
  do
  :: d_step { trouble && delivery != READ && delivery != ANSWERED -> delivery = READ; into = 0; sees_retired = 0 }
  strikes(0, OVER)
  strikes(1, OVER)
  strikes(ADMINISTRATOR, BEGIN)
  :: d_step { trouble -> trouble = 0 }
  od
}

#define mail_is_kept (!answered || copies[id] != 0)
#define is_idle (is_over(0) && is_over(1) && at[ADMINISTRATOR] == BEGIN && moving == 0)

ltl nothing_lost { [] mail_is_kept }
ltl nothing_twice { [] (copies[id] < 2) }
ltl takes_mail { [] !(is_idle && !given_up && retired[id]) }
ltl safety { [] (mail_is_kept && copies[id] < 2 && !(is_idle && !given_up && retired[id])) }
ltl stored_at_last { (<> !trouble) -> <> answered }

// These must be refuted: that what the guards are for does come about.
ltl never_overtaken { [] !(at[0] == LEAVE) }
ltl never_given_back { [] !(at[0] == LET) }
ltl never_moved_on { [] !(id == 3 && whole[2]) }
