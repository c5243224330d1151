//! What the server does as a whole. The first key is a session, or where none is named the owner's list.

use crate::identity::redis_link::Script;

/// Keys: the session, the owner's list, the sessions that are known to be in it. Arguments: the value, how long it lives, how
/// long the list lives, the name of the session there, when it is over for good, up to when the list forgets, now, how many
/// sessions there may be (0: any number), `1` where the oldest give way; the names of the known sessions.
pub(super) static INSERT: Script = Script::new(include_str!("insert.lua"));

/// Key: the session. Arguments: the time of the request, when the session is over, how much longer the value lives.
pub(super) static TOUCH: Script = Script::new(include_str!("touch.lua"));

/// Keys: the session, its owner's list. Arguments: the digest of the id that was shown, the value, how long it lives, how long
/// the list lives, when the session is over for good, its name in the list.
pub(super) static ROTATE: Script = Script::new(include_str!("rotate.lua"));

/// Keys: the session, its owner's list. Arguments: the digest of the id that was shown, the name of the session in the list.
pub(super) static DELETE: Script = Script::new(include_str!("delete.lua"));

/// Keys: the session, the owner's list. Arguments: the digest of the owner, the name of the session in the list.
pub(super) static DELETE_ONE: Script = Script::new(include_str!("delete_one.lua"));

/// Keys: the owner's list, the sessions that are known to be in it. Arguments: the name of one that is spared, or nothing; the
/// names of the known sessions.
pub(super) static DELETE_ALL: Script = Script::new(include_str!("delete_all.lua"));

/// Keys: the owner's list, the sessions that are known to be in it. Arguments: how much of each is read; their names.
pub(super) static LIST: Script = Script::new(include_str!("list.lua"));
