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
verdict-over = { $verdict }（{ $over }）
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
target-process = 进程
target-core = core 文件
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

# Wait graph.
graph-none = 这份结果中没有等待图
graph-title = { $goroutines } 在等待 { $objects }
graph-objects = { $count } 个对象
graph-unnamed = 另有 { $goroutines } 在等待，但这种证据没有说明等待的对象
graph-waits = { $count } 个等待
graph-more = 未显示：{ $objects }，共 { $waits }；--verbose 显示 60 个节点以内的全部
graph-groups-more = 以及其他位置的 { $goroutines }
graph-what-channel = { $n ->
    [1] 通道
   *[other] { $count } 个通道
  }
graph-what-timer-channel = { $n ->
    [1] 定时器通道
   *[other] { $count } 个定时器通道
  }
graph-what-mutex = { $n ->
    [1] Mutex
   *[other] { $count } 个 Mutex
  }
graph-what-rw-mutex = { $n ->
    [1] RWMutex
   *[other] { $count } 个 RWMutex
  }
graph-what-wait-group = { $n ->
    [1] WaitGroup
   *[other] { $count } 个 WaitGroup
  }
graph-what-cond = { $n ->
    [1] Cond
   *[other] { $count } 个 Cond
  }
graph-what-semaphore = { $n ->
    [1] 信号量
   *[other] { $count } 个信号量
  }
graph-what-descriptor = { $n ->
    [1] 描述符
   *[other] { $count } 个描述符
  }
graph-what-sleep = { $n ->
    [1] 休眠
   *[other] { $count } 个休眠
  }
graph-what-nil-channel = nil 通道
graph-what-nothing = 没有分支的 select
graph-side-send = 发送
graph-side-receive = 接收
graph-side-lock = 加锁
graph-side-read-lock = 加读锁
graph-side-read = 读
graph-side-write = 写
graph-side-wake = 等待
graph-side-either = 发送或接收
graph-wait = { $count } 个{ $side }，位于 { $at } [{ $state }]
graph-wait-started = { $wait }，由 { $by } 启动
graph-unbuffered = 无缓冲
graph-buffer = 缓冲区 { $n }/{ $m }
graph-closed = 已关闭
graph-queues = { $senders } 个发送，{ $receivers } 个接收
graph-locked = 已加锁
graph-unlocked = 未加锁
graph-starving = 饥饿模式
graph-readers = { $n } 个读者
graph-readers-left = 写者在等其中 { $n } 个
graph-counter = 计数 { $n }
graph-fd = fd { $n }
graph-fires = { $time }后触发
graph-due = 已到期
graph-for-ever = 没有任何人能结束这个等待
graph-holder = 可能由 goroutine { $id } [{ $state }] 持有，位于 { $at }：{ $reason }
graph-server = 可能由 goroutine { $id } [{ $state }] 结束等待，位于 { $at }：{ $reason }
graph-holders-more = 或者由未列出的 { $goroutines }
graph-reason-address-and-function = 它的栈上有这个地址，也有别人加这把锁的函数
graph-reason-address = 它的栈上有这个地址
graph-reason-function = 它的栈上有别人加这把锁的函数
graph-cycle = 可能死锁：{ $goroutines } 似乎在互相等待
graph-cycle-alike = { $cycle }（另有 { $n } 个同样的环）
graph-step = goroutine { $id } 在 { $at } 等待{ $side }：{ $what }，它在 goroutine { $next } 的栈上
graph-only-candidate = 只是候选：{ $doubts }
graph-doubt-holder = 锁不记录由谁持有
graph-doubt-others = 其他 goroutine 的栈上也有这把锁的地址
graph-doubt-heap = 其他代码可能通过堆或全局变量访问它，那里没有搜索
graph-and = { $one }；{ $two }
graph-column-object = 对象
graph-doubt-instant = 读取期间进程仍在运行
graph-cycle-proven = 死锁：{ $goroutines } 在互相等待，任何仍能运行的代码都无法触及它们
graph-cycle-reachable = { $goroutines } 似乎在互相等待，但仍可能被唤醒
graph-doubt-reachable = 未被证明卡住的代码仍能触及其中一个所等待的对象
graph-wait-leaked = { $wait }；{ $leaked }
graph-leaked = 已泄漏：没有任何代码能唤醒它们
graph-leaked-of = { $m } 个中有 { $n } 个已泄漏：没有任何代码能唤醒它们

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
hidden-objects = { $objects }（{ $waits }）未列入等待图
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
heading-fingerprint = 指纹

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
evidence-runtime-proof-unreachable = 仍能运行的一切都够不到其中 { $unreachable } 个所等待的对象
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
evidence-DL007-growth-rise = 又有 { $rise } 个来到同一行等待
evidence-LK010-shared-object-waiters = 其中 { $waiters } 个等待同一个 Cond
evidence-DL001-shared-object-objects = { $objects } 把互斥锁各有一个等待者：并没有排在其他 goroutine 之后
evidence-shape-inner-outer = { $inner } 由同一类型的方法 { $outer } 调用
evidence-DL005-shared-object-objects = 它们等待 { $objects } 个不同的 channel
evidence-pairing-count-func = 有 { $count } 个相关的 goroutine 停在 { $func }，阻塞在另一侧
evidence-pairing-even = 两侧数量相同：各 { $even } 个
evidence-pairing-func-writers = 有 { $writers } 个 goroutine 在 { $func } 等待写锁
evidence-pairing-func-readers = 有 { $readers } 个 goroutine 在 { $func } 等待读锁，由同一类型的方法调用
evidence-pairing-of = 没有其他 goroutine 停在 { $of } 的方法里
evidence-DL002-pairing-count = 由相同 goroutine 启动的 { $count } 个 goroutine 在另一行等待其他互斥锁
evidence-memory-address-buffered-capacity-objects = 它们向 { $objects } 个 channel 发送，例如 { $address } 处的（缓冲 { $buffered }/{ $capacity }）；都没有空位，也无人等待接收
evidence-memory-address-capacity-objects = 它们从 { $objects } 个 channel 接收，例如 { $address } 处的；都未关闭且为空，也无人等待发送
evidence-memory-address-channels = 它们的 select 等待 { $channels } 个 channel，例如 { $address } 处的；都未关闭，另一侧也都无人等待
evidence-memory-address-own = 每个 channel 只有一个等待者：{ $own } 个 goroutine，{ $own } 个 channel，其中一个在 { $address }
evidence-memory-address-shared = 其中 { $shared } 个从同一个 channel（{ $address }）接收；它未关闭，也无人等待发送
evidence-memory-ms-timers = 其中 { $timers } 个在等定时器，最近的一个在 { $ms } 毫秒后触发
evidence-memory-timers = 其中 { $timers } 个在等定时器或 ticker 的 channel
evidence-memory-wakes = 其中最早的一个在 { $wakes } 毫秒后醒来并继续运行
evidence-memory-address-counter-objects = { $objects } 个 WaitGroup（例如 { $address } 处的）至少还要等 { $counter } 次 Done
evidence-memory-address-listed-objects = 它们等待 { $objects } 个 Cond；{ $address } 处的等待列表里有 { $listed } 个
evidence-memory-address-waiters = { $address } 处的互斥锁处于锁定状态，有 { $waiters } 个 goroutine 在等
evidence-memory-address-readers-waiters = { $address } 处的 RWMutex 记有 { $readers } 个读者，有 { $waiters } 个 goroutine 在等
evidence-memory-address-locks = 各等各的锁，共 { $locks } 把，例如 { $address } 处的；其他 goroutine 的栈上都没有这些锁的地址
evidence-memory-address-left = { $left } 把锁（例如 { $address } 处的）处于锁定状态，而除等待者之外，没有任何栈上有它的地址
evidence-memory-address-behind-readers-writers = { $address } 处的 RWMutex 内有 { $readers } 个读者；{ $writers } 个 goroutine 等它们离开，后面还有 { $behind } 个在等读锁
evidence-memory-descriptors-fd = 它们等待 { $descriptors } 个描述符，例如 { $fd }
evidence-memory-descriptors-endpoint-fd = 它们等待 { $descriptors } 个描述符，例如 { $fd }（{ $endpoint }）
evidence-memory-address-alike-first-second-steps = goroutine { $first } 等待 { $address } 处的对象，该地址在 goroutine { $second } 的栈上，如此经过 { $steps } 个 goroutine 回到最初那个；另有 { $alike } 个同样的环
evidence-persistence-same-seconds = 其中 { $same } 个与 { $seconds } 秒前一样，在同一位置等待同样的对象
evidence-runtime-proof-agreed = 运行时自己的泄漏概要也列出了其中 { $agreed } 个：两个证据一致
evidence-runtime-proof-only_runtime = 其中 { $only_runtime } 个只列在运行时的泄漏概要里，单凭内存不能证明
evidence-LK009-pairing-count = { $count } 条连接：readLoop 与 writeLoop 的 goroutine 数量相同

# 结果之外的提示。
cli-saved = 已保存 { $path }
cli-kept = 已取得 { $count } 个快照中的 { $taken } 个
cli-kept-in = 已取得 { $count } 个快照中的 { $taken } 个，保存在 { $path }
cli-next = 下一步：{ $step }
cli-delivered = 问题已送达 webhook，状态码 { $status }，尝试 { $attempts } 次
cli-served = 查看器只向本机提供；按 Ctrl-C 结束
cli-no-browser = 没有打开浏览器（{ $program }：{ $why }）；请自行打开上面的地址
progress-asking = 正在请求 { $target }
progress-round = 正在请求 { $target }（第 { $index } 份，共 { $of } 份）
progress-collected = { $target }：{ $goroutines }
progress-waiting = { $seconds } 秒后取下一份快照
progress-judging = 正在判定
progress-saving = { $path }：{ $done }，共 { $of }

# 模式列表。
status-stable = 稳定
status-preview = 预览
status-deprecated = 已弃用

# 每个问题一行。
line-in = { $goroutines }，处于 { $state }
line-for = { $facts }，已等待 { $time }
line-started-by = 创建者 { $place }
line-decide = 判定方法：{ $step }
line-note = 说明：{ $note }

# 结果中以英文给出的句子，按原文辨认。单字母的值是数字。
# 模式的证据。
sentence-goroutine-blocks-on-channel = 有 goroutine 阻塞在 channel 上
sentence-pairing-same-starters = 由相同创建者启动的 { $n } 个 goroutine 阻塞在另一行的同类操作上
sentence-pairing-other-method = 运行同一类型另一个方法的 { $n } 个 goroutine 也阻塞在同类操作上
sentence-workers-wait = 工作 goroutine 在等待下一个任务
sentence-waits-for-mutex = 有 goroutine 在等待互斥锁
sentence-waits-for-read-lock = goroutine 在等待读锁
sentence-waits-for-readers = goroutine 在等待读者离开
sentence-blocks-on-channel-at = { $n } 个 goroutine 阻塞在 { $func } 的 channel 操作上
sentence-context-follower = 这是 context 包为跟随非标准类型的父上下文而启动的 goroutine
sentence-context-not-done = 这个循环或等待应随上下文结束而结束，但仍未结束
sentence-stage-blocks = 为下游供数的流水线阶段在交出值时阻塞
sentence-body-open = 这些 HTTP 客户端连接的响应体既没有读完，也没有关闭
sentence-connections-open = 这些 HTTP 客户端连接一直保持打开
sentence-select-no-cases = 运行时显示 main 之外有 `select (no cases)`：它永远不会就绪
sentence-one-select = { $n } 个 goroutine 在 { $func } 的同一个 select 中等待
sentence-waits-for-group = { $n } 个 goroutine 在 (*sync.WaitGroup).Wait 中等待
sentence-sleeps = { $n } 个 goroutine 在 { $func } 中休眠；time.Sleep 无法取消
sentence-time-after = 可能是在等待 time.After，而取消上下文并不能结束它
sentence-one-operation = { $n } 个 goroutine 阻塞在 { $func } 的同一处 { $operation }
sentence-channel-operation = channel 操作
sentence-nil-channel = 这些 goroutine 处于 `{ $state }`：nil channel 永远不会就绪
sentence-hands-over-one = 为取得一个结果而启动的 goroutine 仍在设法交出该结果
sentence-waits-for-cond = { $n } 个 goroutine 在 (*sync.Cond).Wait 中等待
sentence-waits-for-lock = { $n } 个 goroutine 在 { $func } 处等待锁
sentence-waits-for-peer = { $n } 个 goroutine 在 { $func } 处等待网络对端
sentence-waits-for-response = { $n } 个 goroutine 在 { $func } 处等待 HTTP 响应
sentence-next-tick = 循环在等待下一次定时触发
sentence-range-receive = 该接收来自 range 循环，或会检查 channel 是否已关闭
sentence-single-receive = 该接收是单次 `<-`，不是 range 循环
sentence-direction-unknown = debug=1 文本没有说明是发送还是接收；debug=0 和 debug=2 会说明
sentence-profile-limits = 该 profile 不含状态、等待时长和创建者；状态由栈帧推断得出
sentence-oldest-waits = 最久的已等待 { $n } 分钟
sentence-oldest-and-half = 最久的已等待 { $n } 分钟，其中一半不少于 { $m } 分钟

# 关于负载的证据。
sentence-load-connections = 入站连接数与它们逐步同涨
sentence-load-peers = 这些 goroutine 在等待对端，且多数等待不满一分钟：对端可能仍在发送
sentence-load-more = 新增 { $m } 个 goroutine，同时新增 { $n } 个{ $what }
sentence-load-readers-of-responses = 正在读取或等待响应的 goroutine
sentence-load-clients = 仍保持连接的客户端
sentence-load-idle-pool = 这些连接可能空闲在连接池中：默认的 90 秒超时还没有到
sentence-load-inbound = 这些 goroutine 在入站连接上读取，而文本中看不到对端
sentence-load-watchers = 每个都在监视一个处理中请求的客户端；这些客户端仍然连接着
sentence-load-streams = 这些 goroutine 在服务流，而文本中看不到流的客户端
sentence-load-messages = 这些 goroutine 在打开的流上等待消息
sentence-load-parents = 启动它们的是同样数量、正在处理请求的 goroutine，两者逐步同涨；{ $fact }
sentence-load-halves = 由同一函数启动的 { $n } 个 goroutine 正在读取连接，并与它们逐步同涨

# 经验规则与移动的 goroutine。
sentence-rule-s3-title = 同一个栈上一直有很多 goroutine
sentence-rule-s3-why = 泄漏会使 goroutine 堆积在同一个栈上；健康的服务也都如此，这正是该规则的弱点
sentence-rule-s3-fix = 不要仅凭这条规则改动：请看该栈自身的数量是否上升，以及其他候选的结论
sentence-rule-s3-weakness = 仅凭这条规则会标记所有健康的服务：空闲连接、各种池和长轮询一直停在同一个栈上
sentence-places = 由同一条 go 语句启动的 goroutine 在 { $n } 个位置之间移动，没有一个结束：{ $list }

# 下一步。
sentence-step-series = 同一进程的多份 dump（每隔 10 秒一份，持续一分钟），一并判定
sentence-step-stacks = 完整栈：/debug/pprof/goroutine?debug=2 的文本
sentence-step-leaks-here = 适用于用 Go 1.27 构建的进程，其 goroutineleak profile 可以证明泄漏
sentence-step-leaks = 用 Go 1.27 构建的进程的 /debug/pprof/goroutineleak?debug=1 文本
sentence-step-sigquit = 进程收到 SIGQUIT 时打印的内容（进程会随之退出），其中有 channel 地址
sentence-step-prove = 它会让进程暂停几毫秒，并证明哪些 goroutine 不可能再被唤醒
sentence-step-memory = 进程的内存：还有哪个 goroutine 能够到达它所等待的对象
sentence-step-trace = 执行跟踪 /debug/pprof/trace?seconds=5：这些 goroutine 是否运行过
sentence-step-source = { $place } 处的源码

# 关于输入的说明。
sentence-note-state = 未知的 goroutine 状态 { $state }
sentence-note-header-brackets = goroutine { $n } 的头部方括号内有一部分是已知 Go 版本都不会打印的
sentence-note-header-labels = goroutine { $n } 的头部标签中有一部分是已知 Go 版本都不会打印的
sentence-note-header-behind = goroutine { $n } 的头部方括号之后有一部分是已知 Go 版本都不会打印的
sentence-note-ran = 读取时有 { $n } 个 goroutine 正在运行：其栈未知
sentence-note-waits-moved = { $n } 个 goroutine 在读取其等待对象时继续运行了：它们的等待未计入
sentence-note-moved = 有 { $n } 个 goroutine 每次查看时都在变动：其栈未知
sentence-note-broken = 有 { $n } 个栈未能读到底
sentence-note-live-objects = 有 { $n } 个 goroutine 等待的地址超出前 131,072 个，只随其自身保留
sentence-note-unproven = 无法证明是否有 goroutine 泄漏：{ $why }
sentence-note-core-age = core 文件不说明其中的 goroutine 已等待多久
sentence-note-core-cut = core 文件缺少其头部所承诺的 { $n } 字节
sentence-note-core-excluded = 有 { $n } 字节内存（首个位于 { $address }）不在 core 文件中：程序已将其排除（MADV_DONTDUMP）
sentence-note-core-wiped = 有 { $n } 字节内存（首个位于 { $address }）不在 core 文件中：副本不继承这些内存（MADV_WIPEONFORK）
sentence-note-core-device = 有 { $n } 字节内存（首个位于 { $address }）不在 core 文件中：它们属于设备
sentence-note-core-unread = 有 { $n } 字节内存（首个位于 { $address }）不在 core 文件中：无法读取
sentence-note-zombie = 进程 { $n } 的子进程中留有一个僵尸进程，直到 goherd 下次复制该进程：{ $why }
sentence-note-frames = 一个栈保留了 { $n } 帧，舍去 { $m } 帧
sentence-note-frames-profile = 一个栈只保留 4096 帧
sentence-note-labels = 无法读取一个 goroutine 的标签
sentence-note-stacks-limit = 保留了 1,048,576 个不同的栈；其余栈的 goroutine 只计数，不带栈帧
sentence-note-labels-limit = 保留了 262,144 个不同的标签集；其余标签集的 goroutine 只计数，不带标签
sentence-note-objects-limit = 统计了前 131,072 个地址的等待者；之后的地址只随其 goroutine 保留
sentence-note-samples-limit = 保留了前 8 MiB 不同栈的原文；之后的簇没有原文
sentence-note-indentation = 去掉了每行 { $n } 字节的缩进
sentence-note-prefix = 去掉了每行的前缀，例如 { $prefix }
sentence-note-cri = 去掉了每行的 Kubernetes（CRI）日志前缀
sentence-note-json = 读取了 JSON 日志记录的 { $key } 字段
sentence-note-spaced = 去掉了每行之后的空行
sentence-note-escaped = 还原了日志字段中转义的换行
sentence-note-line-long = 有一行超过 { $n } 字节；其余部分略去
sentence-note-goroutine-long = 有一个 goroutine 的文本超过 { $n } 字节；其余部分略去
sentence-note-dumps-limit = 从一份输入中读取了 4096 份 dump；其余 dump 的 goroutine 计入最后一份
sentence-note-header = 无法读取头部 { $text }
sentence-note-frame = 无法读取栈帧 { $text }
sentence-note-runtime-stack = 线程的 `runtime stack:` 不属于任何 goroutine，已略去
sentence-note-leaks-left-out = 略去了泄漏 profile 误列的 { $what }：main，或没有栈的记录
sentence-note-leak-samples-left-out = 略去了泄漏 profile 误列的 { $what }：main，或没有栈的样本
sentence-some-goroutines = { $n } 个 goroutine
sentence-some-goroutine = { $n } 个 goroutine
sentence-note-foreign-line = 略去了栈帧之间不属于 dump 的一行
sentence-note-foreign-lines = 略去了栈帧之间不属于 dump 的 { $n } 行
sentence-note-indentation-back = 补回了文件行的缩进
sentence-note-colon-back = 补回了头部之后的冒号
sentence-note-no-call = 头部 { $text } 之后没有调用
sentence-note-writers-limit = 从一份日志中读取了 65 个写入者；其余写入者的行略去
sentence-note-writers = 从这里起有多个写入者的行相互交错；每个写入者的 goroutine 各读作一份 dump，不带时间：要单独判定一个进程，请按写入者拆分日志
sentence-note-more = 另有 { $n } 条说明未列出
sentence-note-envelope-lists = 这份结果列出了 { $m } 个 goroutine 中的 { $n } 个；其余的在此没有栈
sentence-note-utf16 = 文本为 UTF-16；偏移量按其 UTF-8 形式计算
sentence-note-breaks-off = { $form } 数据在此中断（{ $why }）；之前的内容已读取
sentence-note-unpack-limit = 输入解压后超过 { $n } 字节的上限；其余部分没有读取
sentence-note-dated-by-name = { $file } 的时间取自文件名，未写时区时按 UTC 处理
sentence-note-dated-by-file = { $file } 的时间取自文件修改时间：它们沿序列递增
sentence-note-leaks-not-answered = 端点列出了泄漏 profile，但没有给出：{ $why }
sentence-note-stacks-not-asked = 没有请求 { $what }：{ $n } 个 goroutine 超过上限 { $m }，会使服务停顿约 { $s } 秒；它含有状态、等待时长和创建者，用 --allow-stw 接受停顿
sentence-note-asked-instead = 改为请求 { $what } 而不是 { $other }：{ $why }
sentence-note-files-limit = { $m } 个文件中有 { $n } 个没有查看：上限为 { $k }
sentence-note-no-dump = { $m } 个条目中有 { $n } 个不含 goroutine dump：{ $names }
sentence-note-cut-runtime = dump 长 67,108,864 字节，net/http/pprof 在此长度会不声不响地停止；缺少一部分 goroutine
sentence-note-cut-at = 输入在第 { $n } 字节处、一个 goroutine 的中间结束
sentence-note-cut-count = 头部声明有 { $n } 个 goroutine，记录中只有 { $m } 个
sentence-note-cut-saved = 保存的快照不完整

# 关于本次运行的说明。
sentence-cost = { $witness }：{ $n } 字节，用时 { $s } 秒；{ $pause }
sentence-cost-stopped = 写出 { $n } 个栈期间全部停顿，约 { $s } 秒
sentence-cost-gc = 泄漏 profile 强制触发一次垃圾回收
sentence-cost-copied = 内存：读取 { $n } 字节，{ $m } 次读取，{ $s } 秒；进程被暂停 { $t } 毫秒并复制
sentence-cost-core = core 文件：写入 { $n } 字节，另有 { $m } 字节在其映射的文件中，{ $s } 秒；进程被暂停 { $t } 毫秒并复制
sentence-cost-memory = 内存：读取 { $n } 字节，{ $m } 次读取，{ $s } 秒；进程既未暂停，也未被询问
sentence-cost-brief = 全部停顿极短（1,000,000 个 goroutine 时合计不超过 15 毫秒）
sentence-note-reduced = { $n } 份带状态的快照只按栈和数量与 profile 比较
sentence-note-not-compared = { $n } 份 { $form } 形式的快照没有与其他快照比较
sentence-note-undated = { $n } 份没有时间的快照未计入由 { $m } 份有时间的快照组成的序列
sentence-note-no-times = 这些快照没有可以区分先后的时间；增长只用于排序，不用于判定。请按时间命名文件，例如 { $file }，或用 `goherd snap --save` 保存
sentence-note-restarted = goroutine 编号表明进程重启过，或这些 dump 来自多个进程：只判定 { $m } 份中的最后 { $n } 份
sentence-note-vanished = { $func } 处有 { $n } 个处于 { $state } 的 goroutine 见于较早的快照，却不见于最后一份：这种等待不会结束，所以进程重启过，或快照来自多个进程；请逐份判定
sentence-note-leaked-unknown = 运行时表明 { $func } 处的 { $n } 个 goroutine（{ $state }）已泄漏；没有模式描述这种情况
sentence-note-short = { $span }内 { $n } 份快照不足以判定增长：60 秒内七份以上才能判定
sentence-note-short-untimed = { $n } 份没有时间的快照不足以判定增长：60 秒内七份以上才能判定
sentence-note-leaks-other-process = { $target } 的泄漏概要属于另一个进程：其中 { $n } 个 goroutine 只有 { $m } 个的编号和位置与此处相符；未采用
sentence-note-leaks-both = 内存与运行时的泄漏概要一致认定 { $n } 个 goroutine 已泄漏
sentence-note-leaks-ours = { $n } 个 goroutine 只由内存证明：运行时的概要看不到与别的对象同块的小锁，以及栈上残留的字仍指着的对象
sentence-note-leaks-theirs = { $n } 个 goroutine 只列在运行时的泄漏概要里：内存中某个字可能仍指着它们等待的对象
sentence-note-leaks-moved = 运行时泄漏概要中的 { $n } 个 goroutine 在读取内存时还不存在，或停在别处
sentence-note-leaks-ended = { $n } 个不可能被唤醒的 goroutine 不在运行时的全部 goroutine 之中：要么其间进程重启过，要么是 goherd 的错误，请报告
sentence-note-leaks-by-stacks = 只取了泄漏概要的栈：{ $n } 个 goroutine 超过 { $m } 的上限；--allow-stw 接受停顿后会取编号，并逐个与内存核对
sentence-note-leak-profile-elsewhere = 未取泄漏概要：{ $target } 不是由 { $process } 提供的
sentence-note-leak-profile-failed = 未能取得泄漏概要：{ $why }
sentence-note-looked-twice = 改为在进程运行时看了两次，相隔 { $n } 秒：读取期间移动的指针会被漏掉，因此无法判断哪些已够不到，只对不动的锁环和锁队列存疑
sentence-step-graph = 看谁在等什么，以及锁和 channel 的地址在谁的栈上
sentence-why-of-memory = 它要与一个进程的内存核对
sentence-do-of-memory = 目标请给出一个进程或核心转储，这里给出其运行时的地址。
sentence-seconds = { $n } 秒
sentence-note-suppressed = { $what } 已被屏蔽：{ $reason }
sentence-note-suppressed-ended = { $what } 自 { $date } 起不再屏蔽：{ $reason }
sentence-not-told = 证据未说明

# 输入实际是什么。
sentence-kind-dump = goroutine dump
sentence-kind-profile = pprof profile
sentence-kind-gzip = gzip 压缩数据
sentence-kind-zstd = zstd 压缩数据
sentence-kind-xz = xz 压缩数据
sentence-kind-bzip2 = bzip2 压缩数据
sentence-kind-envelope = goherd 保存的结果
sentence-kind-html = 一个 HTML 页面
sentence-kind-html-titled = 一个 HTML 页面：{ $title }
sentence-kind-trace = Go 执行跟踪
sentence-kind-other-profile = 文本形式的 { $what }，其中没有 goroutine
sentence-kind-heap = 堆 profile
sentence-kind-allocs = 分配 profile
sentence-kind-threads = 线程创建 profile
sentence-kind-block = 阻塞 profile
sentence-kind-mutex = 互斥锁 profile
sentence-kind-empty = 空的
sentence-kind-text = 不含 goroutine dump 的文本
sentence-kind-elf = ELF 文件（程序或 core）
sentence-kind-macho = Mach-O 程序
sentence-kind-png = PNG 图片
sentence-kind-pdf = PDF 文档
sentence-kind-windows = Windows 程序
sentence-kind-zip = zip 压缩包
sentence-kind-heap-dump = 堆转储（`debug.WriteHeapDump`）
sentence-kind-sqlite = SQLite 数据库
sentence-kind-binary = 二进制数据
sentence-and-more = { $names }，另有 { $n } 个
sentence-kind-no-file = 不是普通文件
sentence-kind-unusable = 无法使用的 { $form }：{ $why }
sentence-form-saved = 已保存的结果

# 失败。
sentence-error-bad-target = `{ $target }` 不是目标：{ $why }
sentence-error-empty = 它是空的
sentence-error-scheme = goherd 不支持 { $scheme }:// 协议
sentence-error-no-socket = 缺少套接字的路径
sentence-error-no-host = 缺少主机名
sentence-error-user-name = 无法去掉其中的用户名
sentence-error-user-utf8 = 用户名不是 UTF-8
sentence-error-password-utf8 = 密码不是 UTF-8
sentence-error-profile = `{ $profile }` 中没有 goroutine；请给出服务地址，或它的 `goroutine` profile
sentence-error-no-process = 没有进程 { $n }
sentence-error-gone = 读取期间，进程 { $n } 已退出或换成了另一个程序
sentence-error-refused = 不允许读取进程 { $n } 的内存：{ $why }
sentence-error-other-user = 该进程属于用户 { $n }，而 goherd 以用户 { $m } 运行；请以该用户运行 goherd，或赋予 CAP_SYS_PTRACE（sudo，或 `docker run --cap-add SYS_PTRACE`）
sentence-error-no-vm-read = 此内核没有 process_vm_readv（CONFIG_CROSS_MEMORY_ATTACH）
sentence-error-scope-3 = kernel.yama.ptrace_scope 为 3：下次启动之前谁也不能读取
sentence-error-scope-2 = kernel.yama.ptrace_scope 为 2：请赋予 goherd CAP_SYS_PTRACE（sudo）
sentence-error-scope-1 = kernel.yama.ptrace_scope 为 1：请赋予 goherd CAP_SYS_PTRACE（sudo），或执行 `sysctl kernel.yama.ptrace_scope=0`
sentence-error-namespace = 它运行在另一个用户命名空间里：请在宿主机上以 CAP_SYS_PTRACE 运行 goherd，或在容器内运行（Kubernetes：用 `kubectl debug --target` 并使用相同用户，或授予 SYS_PTRACE）
sentence-error-non-dumpable = 它被标记为不可转储（换过用户，或自己要求如此）：请赋予 goherd CAP_SYS_PTRACE（sudo）
sentence-error-file-closed = goherd 的用户无权读取其可执行文件：请对它执行 `chmod +r`，或赋予 goherd CAP_DAC_READ_SEARCH（sudo）
sentence-error-no-reason = 内核没有说明原因：可能是沙箱或安全模块（AppArmor、SELinux、gVisor）禁止；请在沙箱之外的宿主机上运行 goherd
sentence-error-no-reason-capability = 内核没有说明原因：可能是沙箱或安全模块（AppArmor、SELinux、gVisor）禁止；请在宿主机上以 CAP_SYS_PTRACE（sudo）运行 goherd
sentence-error-not-elf = { $path } 不是 amd64 或 arm64 的 64 位 ELF 程序：{ $why }
sentence-error-not-core = { $path } 不是 core 文件：{ $why }
sentence-error-other-elf = 它是另一种 ELF 文件
sentence-error-no-executable = 手头没有 { $core } 对应的可执行文件；请指明：core:{ $same },EXECUTABLE
sentence-error-not-go = { $path } 不是 Go 程序：其中没有 Go 构建信息
sentence-error-version = 不了解 { $version } 的内存布局；已知的是 Go 1.{ $n } 到 1.{ $m }
sentence-error-layout = 可执行文件自带的 DWARF 说 { $place } 在 { $n }，而不在 { $m }：这不是其版本号所指的运行时
sentence-error-missing = 在可执行文件及其内存中找不到 { $what }
sentence-error-inconsistent = 读到的内容自相矛盾（{ $what }）：不据此下任何结论
sentence-error-stack-ends = { $m } 个栈中有 { $n } 个没有结束在栈该结束的地方
sentence-error-records = { $m } 个 goroutine 记录中有 { $n } 个含有不可能的内容
sentence-error-own = { $m } 个 goroutine 记录中有 { $n } 个没有指向自身
sentence-error-modules = 模块链表没有尽头
sentence-error-module = 模块记录与可执行文件的代码段和函数表不符
sentence-error-what-goroutines = goroutine 列表（runtime.allgs）
sentence-error-what-module = 程序的模块记录（runtime.firstmoduledata）
sentence-error-what-record = 某个模块的记录
sentence-error-what-reasons = 等待原因的名称（runtime.waitReasonStrings）
sentence-error-what-entry = 辅助向量中的入口地址
sentence-error-unread = 有 { $n } 字节可能含有指针的内存无法读取
sentence-error-what-heap = 堆（runtime.mheap_）
sentence-error-no-copy = 无法复制进程 { $n }：{ $why }
sentence-error-over-budget = 复制进程 { $n } 大约要让它暂停 { $m } 毫秒，而只允许 { $k } 毫秒：请放宽限制，或在它运行时读取
sentence-why-kernel-thread = 它是内核线程
sentence-why-shadow-stack = 它使用影子栈，注入的调用会破坏影子栈；请改为在它运行时读取
sentence-why-overcommit = vm.overcommit_memory 为 2：副本需要足额的内存；请改为在它运行时读取
sentence-why-seccomp = 有 seccomp 过滤器监视它的系统调用，可能因 clone 而终止它；请不带过滤器运行它（`docker run --security-opt seccomp=unconfined`），或在它运行时读取
sentence-why-traced = 进程 { $n } 正在跟踪它（调试器或另一个 goherd）；请先结束该进程
sentence-why-pids = 它的控制组已达到 { $n } 个进程和线程的上限（pids.max）
sentence-why-memory-machine = 这台机器还剩 { $n } MB 内存，副本可能需要 { $m } MB；请改为在它运行时读取
sentence-why-memory-group = 它的控制组还剩 { $n } MB 内存，副本可能需要 { $m } MB；请改为在它运行时读取
sentence-why-slow-stop = 它有一个线程没有及时停下（在内核中等待，或机器繁忙）：请允许更长的暂停
sentence-why-call = 其中的一个系统调用没有返回
sentence-why-architecture = 只复制 amd64 架构的程序；请改为在它运行时读取
sentence-why-no-rest = 它的运行时没有一个线程停在系统调用中；请重试
sentence-why-stopped = 信号将它停下时，它的运行时没有一个线程处于静止；请让它继续运行（`kill -CONT`）
sentence-why-zombie = 它的副本 { $n } 已结束，但未能回收；下一次复制会回收它
sentence-why-processes = 它的用户或容器的进程数已达上限（RLIMIT_NPROC、pids.max）
sentence-why-page-tables = 内核没有足够的内存存放它的页表
sentence-why-clone = 它的 clone 被拒绝：{ $why }
sentence-why-mappings = 它有 { $n } 个映射，而 core 文件最多容纳 { $m } 个
sentence-error-pid-form = 进程号是从 1 开始的数字
sentence-error-core-form = 缺少路径：core:FILE 或 core:FILE,EXECUTABLE
sentence-error-not-found = { $path }：没有这个文件或目录
sentence-error-damaged = { $target }：{ $form } 数据已损坏：{ $why }
sentence-error-not-a-dump = { $target }：没有找到 goroutine：这是{ $what }
sentence-error-no-dumps = { $path }：其中 { $n } 个文件都不是 goroutine dump
sentence-error-unreachable = 无法连接 { $target }：{ $why }
sentence-error-cut = { $target }：对 { $asked } 的应答在 { $n } 字节后中断：{ $why }
sentence-error-status = { $target } 对 { $asked } 返回 { $n }
sentence-error-status-detail = { $target } 对 { $asked } 返回 { $n }：{ $detail }
sentence-error-redirects = 重定向到 { $place }
sentence-error-tls = { $target }：TLS 连接失败：{ $why }
sentence-error-timeout = { $target } 在 { $s } 秒内没有应答 { $asked }
sentence-error-too-large = { $target }：{ $what }超过 { $n } 字节的上限
sentence-error-the-answer = 对 { $asked } 的应答
sentence-error-encoding = { $target }：对 { $asked } 的应答使用了无法读取的内容编码 { $encoding }
sentence-error-stops = { $target } 有 { $n } 个 goroutine；`debug=2` 会使它停顿约 { $s } 秒，上限为 { $m }
sentence-error-unix = { $target }：unix 套接字需要 unix 系统
sentence-error-token = { $option }：令牌中有请求头不允许的字符
sentence-error-header-name = { $option }：{ $name } 不是请求头名称
sentence-error-header-value = { $option }：{ $name } 的值中有请求头不允许的字符
sentence-error-header-form = { $option }：其中没有 `NAME: VALUE`
sentence-error-pem = { $option }：其中没有 PEM 证书
sentence-error-pem-file = { $option }：{ $path }：其中没有 PEM 证书
sentence-error-for-file = { $option }：文件在查看期间不会变化
sentence-error-terminal = { $option }：{ $format } 不适合终端
sentence-error-series-output = { $option }：系列中的每个快照都会覆盖前一个
sentence-error-core-process = { $option }：只有运行中的进程才能保存为 core 文件
sentence-error-core-count = { $option }：一个 core 文件只是一个瞬间
sentence-error-core-redact = { $option }：core 文件包含进程的全部内存，无法从中去除任何内容
sentence-error-core-exists = { $option }：{ $path } 已存在
sentence-error-core-write = { $path }：{ $why }；{ $m } 字节内存已写入 { $n } 字节，未完成的文件已删除
sentence-error-budget-prove = { $option }：没有 --prove 就不会暂停进程
sentence-error-page-form = { $option }：模式页面没有 { $format } 形式
sentence-error-env-missing = { $option }：{ $name }：没有这个环境变量
sentence-error-pattern = 没有名为 { $id } 的模式
sentence-error-entry-reason = { $id } 的条目没有写明理由
sentence-error-entry-date = { $id } 的条目在 `expires` 中没有日期
sentence-error-saved = { $name }：这是 goherd 保存的结果，但无法读取：{ $why }
sentence-error-saved-form = 它的格式是 { $form }，而这个 goherd 读取的是 { $other }
sentence-error-saved-limit = 解压后超过 { $n } 字节的上限
sentence-error-webhook = 问题没有送达：{ $why }
sentence-error-webhook-unusable = 无法使用 webhook 的 { $what }：{ $why }
sentence-error-webhook-scheme = { $scheme }:// 既不是 http:// 也不是 https://
sentence-error-webhook-header = 这不是请求头名称
sentence-error-webhook-value = 它的值中有不允许的字符
sentence-error-webhook-reach = 无法连接 { $host }（{ $attempts }）：{ $why }
sentence-error-webhook-time = { $host } 没有及时应答（{ $attempts }）
sentence-error-webhook-status = { $host } 返回 { $n }（{ $attempts }）
sentence-error-webhook-detail = { $host } 返回 { $n }（{ $attempts }）：{ $detail }
sentence-attempt = 尝试 { $n } 次
sentence-attempts = 尝试 { $n } 次
sentence-error-write = 写出结果：{ $why }
sentence-error-json = 写出 JSON：{ $why }
sentence-error-junit = 写出 JUnit XML：{ $why }
sentence-error-no-tree = 绘制调用树：结果中没有调用树
sentence-error-no-graph = 绘制等待图：只有 `goherd graph` 会生成
sentence-error-no-stacks = 写出栈：结果中没有快照
sentence-error-no-marker = 填充查看器：其中没有 { $marker }
sentence-error-read-envelope = 读取结果：{ $why }
sentence-error-no-snapshot = 查找快照：{ $command } 的结果中没有快照
sentence-error-inflate = 解压 profile：{ $why }
sentence-error-no-field = 读取 profile.proto：第 { $n } 字节处没有字段
sentence-error-dangling = 读取 profile.proto：其中没有 { $what } { $n }
sentence-error-other-profile = 查找 goroutine：这是 { $what } profile
sentence-interrupted = 已中断
sentence-os-not-found = 没有这个文件或目录（os error { $n }）
sentence-os-denied = 权限不足（os error { $n }）
sentence-os-refused = 连接被拒绝（os error { $n }）
sentence-os-reset = 连接被对端重置（os error { $n }）
sentence-os-directory = 这是一个目录（os error { $n }）
sentence-os-not-directory = 这不是目录（os error { $n }）
sentence-os-in-use = 地址已被占用（os error { $n }）
sentence-os-full = 设备上没有剩余空间（os error { $n }）
sentence-os-no-host = 无法解析主机名：{ $why }

# 失败之后怎么办。
sentence-do-name-target = 请给出文件、目录、`-`、`pid:N`、`core:FILE`、`http://HOST:PORT`、`:PORT` 或 `unix:/PATH`。
sentence-do-find-process = 用 `pgrep -x NAME` 查它的进程号；容器内外的进程号不同。
sentence-do-start-again = 重新启动它，或看看它结束时打印了什么。
sentence-do-endpoint = 或者使用 :PORT，只要进程提供 net/http/pprof。
sentence-do-go-itself = 请给出 Go 程序本身的进程，而不是启动它的 shell 或启动器。
sentence-do-core = core 文件要写成 `core:FILE`；文本 dump 不需要 `core:`。
sentence-do-copy-executable = 请从产生 core 文件的机器上复制可执行文件。
sentence-do-check-path = 请检查路径及其权限。
sentence-do-pid = 进程提供 net/http/pprof 时请用 :PORT；否则向它发送 SIGQUIT，把它打印的文本交给 goherd。
sentence-do-help = 关于 { $option } 请看 `goherd doctor --help`。
sentence-do-path-or-port = 请检查路径；如果这是服务名，请同时给出端口：{ $example }。
sentence-do-path = 请检查路径；如果是服务，请给出 `HOST:PORT`。
sentence-do-permissions = 请检查权限，或用管道传入：`sudo cat FILE | goherd doctor -`。
sentence-do-copy-again = 请以二进制方式重新复制，并用 `gzip -t` 或 `zstd -t` 检查。
sentence-do-login = 应答的是登录页或代理：请提供凭据（--user、--bearer-env、--header），或直接访问服务。
sentence-do-take-again = 请重新获取，并确认写入它的命令执行成功。
sentence-do-give-dump = 请给 goherd 一份 goroutine dump：debug=0、debug=1、debug=2，或 SIGQUIT 打印的内容。
sentence-do-save-dumps = 请用 `curl -o NAME http://HOST:PORT/debug/pprof/goroutine?debug=2` 把 dump 保存到那里。
sentence-do-reach = 请确认服务正在运行、监听该端口，并且可以从这里访问（端口转发、防火墙、代理）。
sentence-do-cut = 这里与服务之间有环节会中断较长的应答（WriteTimeout、代理）；请直接访问，或再试一次。
sentence-do-certificate = 请用 --cacert 给出签发者的证书；如果信任该网络，可以用 --insecure。
sentence-do-timeout = 请用 --timeout 放宽时间，或检查进程是否还能应答任何请求。
sentence-do-own-machine = 请在目标所在的机器上获取 dump，再把文件交给 goherd。
sentence-do-pause = 请用 --allow-stw 接受停顿，或只取数量。
sentence-do-again = 请在有时间时重新运行。
sentence-do-401 = 请用 --user USER:PASSWORD 或 --bearer-env NAME 提供凭据。
sentence-do-403 = 这些凭据无权查看 profile，或只有部分地址可以访问；请从允许的地址访问。
sentence-do-404 = 请在服务中导入 net/http/pprof 并在该端口提供，或给出它的前缀：`http://HOST:PORT/PREFIX`。
sentence-do-405 = 端点拒绝 GET；请直接访问服务。
sentence-do-407 = 代理需要凭据：用 --proxy http://USER:PASSWORD@HOST:PORT，或对该主机设置 NO_PROXY。
sentence-do-429 = 端点限制访问频率；请稍后再试。
sentence-do-3xx = 它重定向到别处（可能是登录页）：请提供凭据，或给出重定向后的地址。
sentence-do-5xx = 服务或它前面的代理出错；请直接访问，并查看日志。
sentence-do-no-proxy = 请不经代理，直接访问服务。
sentence-do-watch-address = 请给出可以持续观察的地址或进程，或同一进程的多份 dump 作为序列。
sentence-do-export = 请先设置：{ $command }。
sentence-do-header = 请写成 `--header 'X-Team: orders'`。
sentence-do-output-file = 请用 --output FILE 写入文件。
sentence-do-text-or-markdown = 请使用 text 或 markdown。
sentence-do-list-patterns = 用 `goherd explain` 列出全部模式。
sentence-do-entry = 每个条目写作 `[[suppress]]`，含 `fingerprint`、`reason`；如需到期，再加 `expires = 2026-12-31`。
sentence-do-save-again = 请用 `goherd snap TARGET --save FILE` 重新保存。
sentence-do-folder = 请确认目录存在并且可写。
sentence-do-series-save = 请用 `--save FOLDER` 保存系列。
sentence-do-core-process = 请指定进程：`goherd snap PID --save FILE.core`。
sentence-do-core-once = 请每次只保存一个 core 文件。
sentence-do-core-redact = 请改为保存结果：`--save FILE.json`。
sentence-do-core-force = 请换一个文件名，或用 --force 替换它。
sentence-do-core-room = 请换到另一个磁盘，或再腾出 { $n } 字节空间。
sentence-do-budget-prove = 请同时给出 --prove，或去掉该选项。
sentence-do-free-port = 省略 --port 即可使用空闲端口。
sentence-do-other-format = 对这份结果请使用 `--format json` 或 `--format text`。
sentence-do-output = 请确认可以写入输出。
sentence-do-webhook-address = 请给 --webhook 一个地址，例如 https://HOST/PATH。
sentence-do-report = 请报告此问题：每个问题都应当能够写出。
sentence-do-receiver = 请确认接收端正在运行，并且可以从这里访问（防火墙、代理）。
sentence-do-receiver-time = 请让接收端先应答、后处理，或放宽时间。
sentence-do-receiver-tls = 请信任接收端证书的签发者。
sentence-do-receiver-credentials = 请用请求头发送凭据，或核对两端的密钥。
sentence-do-receiver-redirect = 请给出重定向后的地址；签名的请求不会被转发。
sentence-do-receiver-log = 请查看接收端日志：可按 x-goherd-delivery 请求头查找。

# 分享的结果中的失败。
sentence-shared-redacted = { $what }；去掉 --redact 再运行可以看到是哪个以及原因
sentence-shared-failed = 执行失败
sentence-shared-option = { $option } 不能这样使用
sentence-shared-live = 有一个进程或 core 文件无法读取
sentence-shared-target = 给出的目标无法使用
sentence-shared-missing = 有文件不存在
sentence-shared-unreadable = 有文件无法读取
sentence-shared-damaged = 目标的数据已损坏
sentence-shared-no-goroutine = 目标中没有 goroutine
sentence-shared-no-dump = 目录中没有 goroutine dump
sentence-shared-unreachable = 无法连接目标
sentence-shared-cut = 目标的应答中断
sentence-shared-status = 目标拒绝应答
sentence-shared-tls = 与目标的 TLS 连接失败
sentence-shared-timeout = 目标没有及时应答
sentence-shared-too-large = 目标的应答过大
sentence-shared-stops = 目标的 goroutine 过多，不宜使用 `debug=2`
sentence-shared-unsupported = 目标属于 goherd 无法读取的类型
sentence-shared-pattern = 没有这个名称的模式
sentence-shared-suppressions = 无法使用屏蔽文件
sentence-shared-saved = 无法读取保存的结果
sentence-shared-output = 无法写出结果
sentence-shared-port = 无法使用查看器的端口
sentence-shared-webhook = 问题没有送达
sentence-shared-format = 无法以这种格式输出结果
sentence-redacted = （已隐去）
sentence-shared-state-header = goroutine { $n } 的头部有一部分无法识别：{ $what }
sentence-shared-prefix = 去掉了每行的前缀（已隐去）
sentence-shared-json = 读取了日志记录的一个字段（已隐去）
sentence-shared-foreign-line = 略去了栈帧之间的一行（已隐去）
sentence-shared-foreign-lines = 略去了栈帧之间的 { $n } 行（已隐去）
sentence-shared-leaks = 略去了泄漏 profile 误列的 { $what }（已隐去）
sentence-shared-thread = 略去了线程的栈（已隐去）
sentence-shared-entries = { $m } 个条目中有 { $n } 个不含 goroutine dump（已隐去）
sentence-shared-leaks-not-answered = 端点列出了泄漏 profile，但没有给出（已隐去）
sentence-shared-asked-instead = 改为请求 { $what } 而不是 { $other }（已隐去）
sentence-shared-stacks-not-asked = 没有请求 { $what }（已隐去）
sentence-shared-no-times = 这些快照没有可以区分先后的时间；增长只用于排序，不用于判定。请按时间命名文件，例如 { $file }，或用 goherd 保存
sentence-shared-not-asked = 有一个目标没有被请求：{ $gone }
