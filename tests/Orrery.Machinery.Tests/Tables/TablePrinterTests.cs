using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Tables;

namespace Orrery.Machinery.Tests.Tables;

public sealed class TablePrinterTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Deployment_WithDesiredOverDataPlanes_ShowsReadyAgainstIt()
    {
        string[] cells = Cells("apps/v1", "Deployment", """
            {"metadata":{"name":"web","creationTimestamp":"2026-03-01T11:59:51Z","annotations":{"orrery.dev/desired-replicas":"6"}},
             "spec":{"replicas":2,"selector":{"matchLabels":{"app":"web"}},"template":{"spec":{"containers":[{"name":"a","image":"x:1"},{"name":"b","image":"y"}]}}},
             "status":{"readyReplicas":6,"updatedReplicas":6,"availableReplicas":5}}
            """);
        Assert.Equal(["web", "6/6", "6", "5", "9s", "a,b", "x:1,y", "app=web"], cells);
    }

    [Fact]
    public void Pod_Running_CountsReadyContainersAndRestarts()
    {
        string[] cells = Cells("v1", "Pod", """
            {"metadata":{"name":"p","creationTimestamp":"2026-03-01T11:00:00Z"},"spec":{"nodeName":"n1","containers":[{"name":"a"},{"name":"b"}]},
             "status":{"phase":"Running","podIPs":[{"ip":"10.0.0.9"}],"containerStatuses":[
              {"name":"a","ready":true,"restartCount":0,"state":{"running":{}}},
              {"name":"b","ready":false,"restartCount":3,"state":{"waiting":{"reason":"CrashLoopBackOff"}},"lastState":{"terminated":{"exitCode":1,"finishedAt":"2026-03-01T11:55:00Z"}}}]}}
            """);
        Assert.Equal(["p", "1/2", "CrashLoopBackOff", "3 (5m ago)", "60m", "10.0.0.9", "n1", "<none>", "<none>"], cells);
    }

    [Fact]
    public void Pod_Pending_HasNoNode() => Assert.Equal(
        ["p", "0/1", "Pending", "0", "<unknown>", "<none>", "<none>", "<none>", "<none>"],
        Cells("v1", "Pod", """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"a"}]},"status":{"phase":"Pending"}}"""));

    [Theory]
    [InlineData("""{"terminated":{"exitCode":2}}""", "Init:ExitCode:2")]
    [InlineData("""{"terminated":{"exitCode":2,"reason":"Error"}}""", "Init:Error")]
    [InlineData("""{"waiting":{"reason":"ImagePullBackOff"}}""", "Init:ImagePullBackOff")]
    [InlineData("""{"waiting":{"reason":"PodInitializing"}}""", "Init:1/2")]
    [InlineData("""{"running":{}}""", "Init:1/2")]
    public void Pod_Initializing_SaysHowFar(string state, string status)
    {
        string[] cells = Cells("v1", "Pod", $$$$"""
            {"metadata":{"name":"p"},"spec":{"initContainers":[{"name":"i"},{"name":"j"}],"containers":[{"name":"a"}]},
             "status":{"phase":"Pending","initContainerStatuses":[{"name":"i","state":{"terminated":{"exitCode":0}}},{"name":"j","state":{{{{state}}}}}]}}
            """);
        Assert.Equal(status, cells[2]);
        Assert.Equal("0/1", cells[1]);
    }

    [Fact]
    public void Pod_Deleted_IsTerminating() => Assert.Equal("Terminating", Cells("v1", "Pod", """
        {"metadata":{"name":"p","deletionTimestamp":"2026-03-01T11:00:00Z"},"spec":{"containers":[{"name":"a"}]},"status":{"phase":"Running"}}
        """)[2]);

    [Fact]
    public void Pod_OneContainerCompletedOneRuns_IsNotReady() => Assert.Equal("NotReady", Cells("v1", "Pod", """
        {"metadata":{"name":"p"},"spec":{"containers":[{"name":"a"},{"name":"b"}]},"status":{"phase":"Running","containerStatuses":[
         {"name":"a","state":{"terminated":{"exitCode":0,"reason":"Completed"}}},{"name":"b","ready":true,"state":{"running":{}}}]}}
        """)[2]);

    [Theory]
    [InlineData("""{"type":"ClusterIP","clusterIP":"10.0.0.1","clusterIPs":["10.0.0.1"],"ports":[{"port":80,"protocol":"TCP"}]}""", "ClusterIP|10.0.0.1|<none>|80/TCP")]
    [InlineData("""{"type":"NodePort","clusterIPs":["10.0.0.1"],"ports":[{"port":80,"nodePort":30001,"protocol":"TCP"},{"port":53,"nodePort":30002,"protocol":"UDP"}]}""", "NodePort|10.0.0.1|<none>|80:30001/TCP,53:30002/UDP")]
    [InlineData("""{"type":"LoadBalancer","clusterIPs":["10.0.0.1"],"ports":[]}""", "LoadBalancer|10.0.0.1|<pending>|<none>")]
    [InlineData("""{"type":"ExternalName","externalName":"example.com"}""", "ExternalName|<none>|example.com|<none>")]
    public void Service_OfEachType_ShowsItsAddresses(string spec, string expected) =>
        Assert.Equal(expected, string.Join('|', Cells("v1", "Service", $$"""{"metadata":{"name":"s"},"spec":{{spec}}}""")[1..5]));

    [Fact]
    public void Node_Cordoned_SaysSo()
    {
        string[] cells = Cells("v1", "Node", """
            {"metadata":{"name":"n","labels":{"node-role.kubernetes.io/worker":"","node-role.kubernetes.io/edge":""}},"spec":{"unschedulable":true},
             "status":{"conditions":[{"type":"Ready","status":"True"}],"addresses":[{"type":"InternalIP","address":"10.1.1.1"}],"nodeInfo":{"kubeletVersion":"v1.36.0","osImage":"Linux"}}}
            """);
        Assert.Equal(["n", "Ready,SchedulingDisabled", "edge,worker", "<unknown>", "v1.36.0", "10.1.1.1", "<none>", "Linux", "<unknown>", "<unknown>"], cells);
    }

    [Fact]
    public void Event_SeenAgain_ShowsLastTimeAndCount() => Assert.Equal(
        ["2m", "Normal", "Scheduled", "pod/p", "", "scheduler, n1", "placed", "10m", "4", "e"],
        Cells("v1", "Event", """
            {"metadata":{"name":"e"},"involvedObject":{"kind":"Pod","name":"p"},"reason":"Scheduled","type":"Normal","message":" placed\n","source":{"component":"scheduler","host":"n1"},
             "firstTimestamp":"2026-03-01T11:50:00Z","lastTimestamp":"2026-03-01T11:58:00Z","count":4}
            """));

    [Fact]
    public void Job_Running_ShowsDurationSoFar() => Assert.Equal(
        ["j", "Running", "1/3", "90s"],
        Cells("batch/v1", "Job", """{"metadata":{"name":"j"},"spec":{"completions":3,"parallelism":2},"status":{"succeeded":1,"startTime":"2026-03-01T11:58:30Z"}}""")[..4]);

    [Fact]
    public void Job_OverDataPlanes_CountsAgainstTheTotal() => Assert.Equal(
        "2/3",
        Cells("batch/v1", "Job", """{"metadata":{"name":"j","annotations":{"orrery.dev/desired-replicas":"3"}},"spec":{"completions":1},"status":{"succeeded":2}}""")[2]);

    [Fact]
    public void Autoscaler_WithUtilization_ShowsCurrentAndTarget() => Assert.Equal(
        ["h", "Deployment/web", "cpu: 40%/80%, memory: <unknown>/1Gi", "1", "5", "2"],
        Cells("autoscaling/v2", "HorizontalPodAutoscaler", """
            {"apiVersion":"autoscaling/v2","metadata":{"name":"h"},"spec":{"minReplicas":1,"maxReplicas":5,"scaleTargetRef":{"kind":"Deployment","name":"web"},"metrics":[
              {"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":80}}},
              {"type":"Resource","resource":{"name":"memory","target":{"type":"AverageValue","averageValue":"1Gi"}}}]},
             "status":{"currentReplicas":2,"currentMetrics":[{"type":"Resource","resource":{"name":"cpu","current":{"averageUtilization":40}}}]}}
            """)[..6]);

    [Fact]
    public void For_UnknownKind_ShowsNameAndCreation()
    {
        string[] cells = Cells("example.com/v1", "Thing", """{"metadata":{"name":"t","creationTimestamp":"2026-03-01T11:00:00Z"}}""");
        Assert.Equal(["t", "2026-03-01T11:00:00Z"], cells);
    }

    [Fact]
    public void Custom_Columns_FollowTheirPathsAndTypes()
    {
        var columns = (JsonArray)JsonNode.Parse("""
            [{"name":"Spec","type":"string","jsonPath":".spec.cron"},{"name":"Replicas","type":"integer","jsonPath":".spec.replicas"},
             {"name":"Weight","type":"string","jsonPath":".spec.rules[?(@.name=='b')].weight"},{"name":"Ready","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].status"},
             {"name":"Names","type":"string","jsonPath":".spec.rules[*].name"},{"name":"Share","type":"number","jsonPath":".spec.share"},{"name":"On","type":"boolean","jsonPath":".spec.on"},
             {"name":"Missing","type":"integer","jsonPath":".spec.none"},{"name":"Wrong","type":"integer","jsonPath":".spec.cron"},{"name":"Label","type":"string","jsonPath":".metadata.labels.orrery\\.dev/site"},
             {"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}]
            """)!;
        JsonObject row = Row(CustomColumns.Printer(columns), """
            {"metadata":{"name":"c","labels":{"orrery.dev/site":"eu"},"creationTimestamp":"2026-02-27T12:00:00Z"},"spec":{"cron":"* * *","replicas":3,"share":0.5,"on":true,"rules":[{"name":"a","weight":1},{"name":"b","weight":2}]},
             "status":{"conditions":[{"type":"Ready","status":"True"}]}}
            """);
        Assert.Equal("""["c","* * *",3,"2","True","a b",0.5,true,null,null,"eu","2d"]""", row["cells"]!.ToJsonString());
    }

    [Fact]
    public void Custom_NoColumns_ShowsAge() =>
        Assert.Equal(["Name", "Age"], CustomColumns.Printer(null).Columns.Select(c => c.Name));

    [Fact]
    public void Write_IncludeObject_DecidesWhatARowCarries()
    {
        const string Object = """{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a"},"data":{"k":"v"}}""";
        JsonObject Answer(IncludeObject include) => Row(TablePrinter.For(new GroupVersionKind("", "v1", "ConfigMap")), Object, include);
        Assert.Equal("""{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"a"}}""", Answer(IncludeObject.Metadata)["object"]!.ToJsonString());
        Assert.Equal(Object, Answer(IncludeObject.Object)["object"]!.ToJsonString());
        Assert.Null(Answer(IncludeObject.None)["object"]);
    }

    [Fact]
    public void ReadInclude_Bogus_IsRefusedWithUpstreamsText()
    {
        StatusException refused = Assert.Throws<StatusException>(() => TableWriter.ReadInclude("Bogus"));
        Assert.Equal(400, refused.Code);
        Assert.Equal("Unable to convert to Table as requested: includeObject: Invalid value: \"Bogus\": must be 'Metadata', 'Object', 'None', or empty", refused.Message);
    }

    [Theory]
    [InlineData(-5, "<invalid>")]
    [InlineData(-1, "0s")]
    [InlineData(119, "119s")]
    [InlineData(120, "2m")]
    [InlineData(185, "3m5s")]
    [InlineData(600, "10m")]
    [InlineData(3 * 3600, "3h")]
    [InlineData((3 * 3600) + 60, "3h1m")]
    [InlineData(47 * 3600, "47h")]
    [InlineData(50 * 3600, "2d2h")]
    [InlineData(9 * 86400, "9d")]
    [InlineData(800 * 86400, "2y70d")]
    [InlineData(3000L * 86400, "8y")]
    public void Format_Seconds_InTwoUnitsAtMost(long seconds, string text) => Assert.Equal(text, HumanDuration.Format(TimeSpan.FromSeconds(seconds)));

    private static string[] Cells(string apiVersion, string kind, string json) =>
        [.. Row(TablePrinter.For(GroupVersionKind.From(apiVersion, kind)), json)["cells"]!.AsArray().Select(c => c?.ToString() ?? "null")];

    private static JsonObject Row(TablePrinter printer, string json, IncludeObject include = IncludeObject.None)
    {
        var output = new ArrayBufferWriter<byte>();
        new TableWriter(printer, include, new StoppedClock()).Write(output, new TableHead(), [Encoding.UTF8.GetBytes(json)]);
        return JsonNode.Parse(output.WrittenSpan)!["rows"]![0]!.AsObject();
    }

    private sealed class StoppedClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => Now;
    }
}
