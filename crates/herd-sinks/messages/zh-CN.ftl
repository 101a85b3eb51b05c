# 数量。$n 选择复数形式，$count 是打印出来的数字。
goroutines = { $count } 个 goroutine
findings = { $count } 个问题
candidates = { $count } 个候选
snapshots = { $count } 份快照
families = { $count } 个家族
clusters = { $count } 个簇
frames = { $count } 个栈帧

# 结论。
verdict-healthy = 健康：共检查 { $goroutines }，没有卡住的
verdict-healthy-suppressed = 除已忽略的内容外健康：共检查 { $goroutines }，忽略 { $findings }
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
table-more = 另有 { $rows } 行、{ $goroutines } 未显示（-v）
points-more = 另有 { $goroutines } 在别处

# 未显示的内容。
hidden-benign = 已隐藏 { $count } 个已知的长期等待者（--all）
hidden-steady = { $count } 个 goroutine 数量平稳
hidden-candidates = 过小而未排名的家族中有 { $goroutines }
hidden-no-pattern = 不符合任何模式的 { $goroutines }
hidden-suppressed = 已按屏蔽文件忽略 { $findings }
hidden-not-listed = { $clusters }中的 { $goroutines } 未列出
hidden-other = { $name } { $count }
notes-more = 另有 { $count } 条说明（-v）

# 最后一行。
exit-line = 退出码 { $code }

# 报告标题。
heading-report = goherd 报告
heading-findings = 问题
heading-candidates = 候选
heading-notes = 说明
heading-target = 目标
heading-severity = 严重程度
heading-certainty = 确定程度
heading-finding = 问题
heading-goroutines = goroutine 数
heading-place = 位置
heading-started-by = 创建者

# 演示。
demo-heading = 一次真实故障的录制：{ $service }，{ $go }，{ $span } 的录制在 { $time } 内重放。没有任何数据离开本机。
demo-alert = 告警：{ $id } { $title }，{ $goroutines }
demo-delivered = 已送达 webhook：状态码 { $status }，尝试 { $attempts } 次
demo-open = 在查看器中打开同一结果：{ $command }

# 证据。键名由种类和参数名组成；种类和参数名都相同时，前面加上模式编号。
evidence-runtime-proof-count = 运行时的泄漏检测表明，其中 { $count } 个不可能再被唤醒
evidence-growth-from-seconds-steps-to = 在 { $seconds } 秒内从 { $from } 增至 { $to }（{ $steps } 步，从未回落）
evidence-persistence-of-still = 窗口开始时的 { $of } 个中，仍有 { $still } 个存活
evidence-persistence-of-waited = 窗口开始时等锁的 { $of } 个一直等到现在，已等一分钟以上
evidence-runtime-proof-shared = 运行时的泄漏概要列出 { $shared } 个具有此栈的 goroutine，但其他家族也有同样的栈，概要未说明创建者
evidence-presence-count-present-windows = 同一位置有 { $count } 个，最近 { $windows } 份快照中有 { $present } 份可见
evidence-age-spread-max-min-p50 = 等待 { $min } 到 { $max } 分钟，其中一半不少于 { $p50 } 分钟
evidence-age-spread-count-seconds = { $count } 个 goroutine 已存活 { $seconds } 秒，却没有一个等待满一分钟：它们会自己醒来
evidence-also-fits-patterns = 只看栈也符合 { $patterns }
evidence-creator-returned-count = 启动它们的函数已经返回（抽查的 { $count } 个全部如此）
evidence-creator-returned-count-live = 启动它们的函数仍在运行（抽查的 { $count } 个中有 { $live } 个）
evidence-siblings-sampled-siblings = 抽查的 { $sampled } 个中，有 { $siblings } 个由同一个 goroutine 在同一行启动
evidence-siblings-families = 同一批 goroutine 还启动了另外 { $families } 个阻塞在 channel 上的家族
evidence-shared-object-waiters = { $waiters } 个 goroutine 等待同一把互斥锁
evidence-missing-partner-connections-readers = { $connections } 条连接中，只有 { $readers } 个 goroutine 在读取响应体
evidence-name-hint-func = 名称 { $func } 暗示周期性执行
evidence-siblings-count = 有 { $count } 个 goroutine 停在同一行
evidence-follows-load-gain-rise = 新增的 { $rise } 个 goroutine 对应新增的 { $gain } 个在线对端
evidence-DL007-growth-rise = 又有 { $rise } 个来到同一行等待
evidence-LK010-shared-object-waiters = 其中 { $waiters } 个等待同一个 Cond
evidence-DL001-shared-object-objects = { $objects } 把互斥锁各有一个等待者：并没有排在其他 goroutine 之后
evidence-DL001-shape-inner-outer = { $inner } 由同一类型的方法 { $outer } 调用
evidence-DL005-shared-object-objects = 它们等待 { $objects } 个不同的 channel
evidence-DL005-pairing-count = 由相同创建者启动的 { $count } 个 goroutine 阻塞在另一行的同类操作上
evidence-DL002-pairing-count = 由相同 goroutine 启动的 { $count } 个 goroutine 在另一行等待其他互斥锁
evidence-LK009-pairing-count = { $count } 条连接：readLoop 与 writeLoop 的 goroutine 数量相同
