# 数量。$n 选择复数形式，$count 是打印出来的数字。
goroutines = { $count } 个 goroutine
findings = { $count } 个问题
candidates = { $count } 个疑似项
snapshots = { $count } 份快照
families = { $count } 个家族
clusters = { $count } 个簇
frames = { $count } 个栈帧

# 结论。
verdict-healthy = 健康：共检查 { $goroutines }，没有卡住的
verdict-findings = { $findings }：涉及 { $goroutines } 中的 { $stuck } 个，最严重级别为{ $severity }
verdict-undecidable-candidates = 无法判定：{ $candidates }可能卡住，但现有证据不足以下结论
verdict-undecidable = 无法判定：现有证据中没有可供判断的内容
verdict-inconclusive = 没有结论：信息不足
verdict-crash = 进程已崩溃：{ $reason }
verdict-truncated = 输入没有包含全部 goroutine：{ $why }

# 词语。
critical = 严重
warning = 警告
info = 提示
proven = 已证明
confirmed = 已确认
suspected = 疑似
candidate = 候选 { $rank }
at-unknown = 未知

# 目标。
target-file = 文件
target-stdin = 标准输入
target-url = 端点
target-recording = 录制
target-looked = 观察用时 { $time }
target-series = { $time }内 { $snapshots }

# 问题的各行。
row-waits-on = 等待于
row-at = 位置
row-started-by = 创建者
row-evidence = 证据
row-why = 原因
row-fix = 修复
row-next = 下一步
row-decide = 判定方法
row-also = 也符合
row-note = 说明
explain-hint = goherd explain { $id } --lang zh-CN
more-evidence = 另有 { $count } 条（-v）
candidates-heading = 可能卡住，需要其他证据判定
more-candidates = 另有 { $candidates }未显示（-v）

# 快照与火焰图。
snapshot-title = { $goroutines }，{ $families }，{ $clusters }
snapshot-measures = 平均栈深 { $depth } · 模块熵 { $entropy } 比特 · { $stacks } 个不同的栈
column-count = 数量
column-rate = 每秒
column-state = 状态
column-wait = 等待 p50/最大
column-at = 位置
column-started-by = 创建者
column-self = 自身
column-total = 合计
column-function = 函数
column-blocking = 阻塞点
flame-empty = 这份结果中没有调用树
flame-folded = { $frames }（{ $share }）过窄，已计入其调用者
table-more = 另有 { $count } 行未显示（-v）

# 未显示的内容。
hidden-benign = 已隐藏已知的长期等待者 { $goroutines }（--all）
hidden-suppressed = 已按屏蔽文件忽略 { $findings }
hidden-not-listed = { $clusters }中的 { $goroutines } 未列出
hidden-other = { $name } { $count }
notes-more = 另有 { $count } 条说明（-v）

# 最后一行。
exit-line = 退出码 { $code }

# 报告标题。
heading-report = goherd 报告
heading-findings = 问题
heading-candidates = 疑似项
heading-notes = 说明
heading-target = 目标
heading-severity = 严重程度
heading-certainty = 确定程度
heading-finding = 问题
heading-goroutines = goroutine 数
heading-place = 位置
heading-started-by = 创建者
