//! What messages to people say, in both languages.

use herd_config::Language;

use crate::notice::Reason;

/// The words of one language.
pub(super) struct Words {
    pub(super) firing: &'static str,
    pub(super) resolved: &'static str,
    repeated: &'static str,
    escalated: &'static str,
    pub(super) started_by: &'static str,
    pub(super) fix: &'static str,
    pub(super) causes: &'static str,
    pub(super) since: &'static str,
    pub(super) runbook: &'static str,
    pub(super) evidence: &'static str,
    pub(super) colon: &'static str,
    more_before: &'static str,
    more_after: &'static str,
}

pub(super) fn words(lang: Language) -> &'static Words {
    match lang {
        Language::English => &Words {
            firing: "firing",
            resolved: "resolved",
            repeated: "still",
            escalated: "not acknowledged in time",
            started_by: "started by",
            fix: "fix",
            causes: "causes",
            since: "since",
            runbook: "runbook",
            evidence: "evidence",
            colon: ": ",
            more_before: "and ",
            more_after: " more",
        },
        Language::Chinese => &Words {
            firing: "告警中",
            resolved: "已恢复",
            repeated: "仍在持续",
            escalated: "未按时确认",
            started_by: "创建者",
            fix: "处理",
            causes: "由其引起",
            since: "开始于",
            runbook: "手册",
            evidence: "证据",
            colon: "：",
            more_before: "另有 ",
            more_after: " 条",
        },
    }
}

impl Words {
    /// Why it is told, where that is not plain.
    pub(super) fn reason(&self, reason: Reason) -> Option<&'static str> {
        match reason {
            Reason::Changed => None,
            Reason::Repeated => Some(self.repeated),
            Reason::Escalated => Some(self.escalated),
        }
    }

    /// How many are not shown.
    pub(super) fn more(&self, count: u64) -> String {
        format!("{}{count}{}", self.more_before, self.more_after)
    }
}
