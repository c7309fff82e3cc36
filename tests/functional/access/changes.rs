//! Random changes of permissions, of every kind. What of them also changes an issue moves its `updated`.

use fastrand::Rng;

use super::world::{GROUPS, Holder, ISSUES, LEVELS, PROJECTS, ROLES, USERS, World};

/// Makes so many changes.
pub(crate) fn shuffle(world: &mut World, seed: u64, count: u32) {
    let mut dice = Rng::with_seed(seed);
    for _ in 0..count {
        change(world, &mut dice);
    }
}

fn change(world: &mut World, dice: &mut Rng) {
    let (user, group) = (dice.usize(0..USERS), dice.usize(0..GROUPS));
    let project = dice.u64(0..PROJECTS);
    let role = ROLES[dice.usize(0..ROLES.len())];
    world.now += 1_000;
    let now = world.now;
    match dice.u32(0..10) {
        0 => {
            let members = &mut world.groups[group];
            if !members.remove(&user) {
                members.insert(user);
            }
        }
        1 => {
            let (accounts, groups) = world.roles.get_mut(&(project, role)).unwrap();
            if dice.bool() {
                accounts.insert(user);
                groups.remove(&group);
            } else {
                accounts.remove(&user);
                groups.insert(group);
            }
        }
        2 => world.projects[project as usize].browse.push(Holder::any(dice)),
        3 => {
            let browse = &mut world.projects[project as usize].browse;
            if !browse.is_empty() {
                browse.remove(dice.usize(0..browse.len()));
            }
        }
        4 => {
            let members = world.levels.get_mut(&dice.u64(0..LEVELS)).unwrap();
            if dice.bool() && !members.is_empty() {
                members.remove(dice.usize(0..members.len()));
            } else {
                members.push(Holder::any(dice));
            }
        }
        5 | 6 => {
            let id = dice.u64(0..ISSUES);
            let level = world.level_of(world.issues[&id].project, dice);
            let issue = world.issues.get_mut(&id).unwrap();
            issue.level = if issue.level.is_some() { None } else { Some(level) };
            issue.updated = now;
        }
        7 => {
            let issue = world.issues.get_mut(&dice.u64(0..ISSUES)).unwrap();
            issue.assignee = Some(user);
            issue.reporter = dice.usize(0..USERS);
            issue.groups = vec![group];
            issue.updated = now;
        }
        8 => {
            let user = &mut world.users[user];
            user.active = !user.active;
        }
        _ => world.projects[project as usize].lead = user,
    }
}
