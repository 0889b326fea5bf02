using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Tables;

namespace Orrery.Machinery.Tests.Tables;

/// <summary>What the tables of built-in kinds say where no answer was recorded: by the rules of upstream's printers (pkg/printers/internalversion).</summary>
public sealed class KindTableTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicy", "Name string name 0, Mutations integer  0, ParamKind string  0, Age string  0")]
    [InlineData("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicyBinding", "Name string name 0, PolicyName string  0, ParamRef string  0, Age string  0")]
    [InlineData("autoscaling/v1", "Scale", "Name string  0, Desired integer  0, Available integer  0, Age string  0")]
    [InlineData("flowcontrol.apiserver.k8s.io/v1", "FlowSchema", "Name string name 0, PriorityLevel string  0, MatchingPrecedence string  0, DistinguisherMethod string  0, Age string  0, MissingPL string  0")]
    [InlineData("networking.k8s.io/v1", "IPAddress", "Name string name 0, ParentRef string  0")]
    [InlineData("networking.k8s.io/v1", "ServiceCIDR", "Name string name 0, CIDRs string  0, Age string  0")]
    [InlineData("storage.k8s.io/v1", "CSIStorageCapacity", "Name string name 0, StorageClassName string  0, Capacity string  0")]
    [InlineData("storage.k8s.io/v1", "VolumeAttachment", "Name string name 0, Attacher string name 0, PV string  0, Node string  0, Attached boolean  0, Age string  0")]
    [InlineData("storage.k8s.io/v1", "VolumeAttributesClass", "Name string name 0, DriverName string  0, Age string  0")]
    public void Columns_OfAKind_AreUpstreams(string apiVersion, string kind, string columns) =>
        Assert.Equal(columns, string.Join(", ", TablePrinter.For(GroupVersionKind.From(apiVersion, kind)).Columns.Select(c => $"{c.Name} {c.Type} {c.Format} {c.Priority}")));

    [Theory]
    [InlineData("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicy", """{"spec":{"mutations":[{},{}],"paramKind":{"apiVersion":"v1","kind":"ConfigMap"}}}""", """["n",2,"v1/ConfigMap","60m"]""")]
    [InlineData("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicyBinding", """{"spec":{"policyName":"p","paramRef":{"name":"a","namespace":"b"}}}""", """["n","p","b/a","60m"]""")]
    [InlineData("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding", """{"spec":{"policyName":"p","paramRef":{"name":"a"}}}""", """["n","p","*/a","60m"]""")]
    [InlineData("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding", """{"spec":{"policyName":"p"}}""", """["n","p","<unset>","60m"]""")]
    [InlineData("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding", """{"spec":{"policyName":"p","paramRef":{"selector":{}}}}""", """["n","p","&LabelSelector{MatchLabels:map[string]string{},MatchExpressions:[]LabelSelectorRequirement{},}","60m"]""")]
    [InlineData("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding", """{"spec":{"policyName":"p","paramRef":{"selector":{"matchLabels":{"b":"2","a":"1"},"matchExpressions":[{"key":"k","operator":"In","values":["x","y"]},{"key":"l","operator":"Exists"}]}}}}""", """["n","p","&LabelSelector{MatchLabels:map[string]string{a: 1,b: 2,},MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:k,Operator:In,Values:[x y],},LabelSelectorRequirement{Key:l,Operator:Exists,Values:[],},},}","60m"]""")]
    [InlineData("apiregistration.k8s.io/v1", "APIService", """{"status":{"conditions":[{"type":"Available","status":"False"}]}}""", """["n","Local","False","60m"]""")]
    [InlineData("discovery.k8s.io/v1", "EndpointSlice", """{"addressType":"IPv4","ports":[{"name":"http"},{"port":8080},{}]}""", """["n","IPv4","http,8080,*","<unset>","60m"]""")]
    [InlineData("events.k8s.io/v1", "Event", """{"eventTime":"2026-03-01T11:00:00.000000Z","series":{"count":7,"lastObservedTime":"2026-03-01T11:59:00.000000Z"},"regarding":{"kind":"Pod","name":"p"},"note":"x","reportingController":"c","reportingInstance":"i"}""", """["60s","","","pod/p","","c, i","x","60m",7,"n"]""")]
    [InlineData("flowcontrol.apiserver.k8s.io/v1", "PriorityLevelConfiguration", """{"spec":{"type":"Limited","limited":{"nominalConcurrencyShares":30,"limitResponse":{"type":"Queue","queuing":{"queues":64,"handSize":6,"queueLengthLimit":50}}}}}""", """["n","Limited",30,64,6,50,"60m"]""")]
    [InlineData("flowcontrol.apiserver.k8s.io/v1", "PriorityLevelConfiguration", """{"spec":{"type":"Exempt","exempt":{}}}""", """["n","Exempt","<none>","<none>","<none>","<none>","60m"]""")]
    [InlineData("networking.k8s.io/v1", "IPAddress", """{"spec":{"parentRef":{"resource":"services","namespace":"default","name":"kubernetes"}}}""", """["n","services/default/kubernetes","60m"]""")]
    [InlineData("networking.k8s.io/v1", "IPAddress", """{"spec":{"parentRef":{"group":"example.com","resource":"gateways","name":"g"}}}""", """["n","gateways.example.com/g","60m"]""")]
    [InlineData("networking.k8s.io/v1", "Ingress", """{"spec":{"rules":[{"host":"a"},{"host":"b"},{"host":"c"},{}]}}""", """["n","<none>","a,b,c + 1 more...","","80","60m"]""")]
    [InlineData("networking.k8s.io/v1", "Ingress", """{"spec":{"ingressClassName":"x","rules":[{},{"host":"b"}],"tls":[{}]},"status":{"loadBalancer":{"ingress":[{"hostname":"z"},{"ip":"10.0.0.2"},{"ip":"10.0.0.10"},{}]}}}""", """["n","x","b","10.0.0.10,10.0.0.2,z","80, 443","60m"]""")]
    [InlineData("networking.k8s.io/v1", "IngressClass", """{"spec":{"controller":"c","parameters":{"apiGroup":"k8s.example.com","kind":"P","name":"x"}}}""", """["n","c","P.k8s.example.com/x","60m"]""")]
    [InlineData("networking.k8s.io/v1", "ServiceCIDR", """{"spec":{"cidrs":["10.96.0.0/12","fd00::/108"]}}""", """["n","10.96.0.0/12,fd00::/108","60m"]""")]
    [InlineData("resource.k8s.io/v1", "ResourceClaim", """{"metadata":{"deletionTimestamp":"2026-03-01T11:00:00Z"}}""", """["n","deleted","60m"]""")]
    [InlineData("resource.k8s.io/v1", "ResourceClaim", """{"metadata":{"deletionTimestamp":"2026-03-01T11:00:00Z"},"status":{"allocation":{},"reservedFor":[{}]}}""", """["n","deleted,allocated,reserved","60m"]""")]
    [InlineData("storage.k8s.io/v1", "CSIDriver", """{"spec":{"tokenRequests":[{"audience":""},{"audience":"a"}],"volumeLifecycleModes":["Persistent"]}}""", """["n",true,false,false,",a",false,"Persistent","60m"]""")]
    [InlineData("storage.k8s.io/v1", "CSIStorageCapacity", """{"storageClassName":"fast","capacity":"5Gi"}""", """["n","fast","5Gi"]""")]
    [InlineData("storage.k8s.io/v1", "CSIStorageCapacity", """{"storageClassName":"fast"}""", """["n","fast","<unset>"]""")]
    [InlineData("storage.k8s.io/v1", "StorageClass", """{"metadata":{"annotations":{"storageclass.beta.kubernetes.io/is-default-class":"true"}},"provisioner":"p"}""", """["n (default)","p","Delete","Immediate",false,"60m"]""")]
    [InlineData("storage.k8s.io/v1", "VolumeAttributesClass", """{"driverName":"d"}""", """["n","d","60m"]""")]
    [InlineData("v1", "Endpoints", """{"subsets":[{"notReadyAddresses":[{"ip":"10.0.0.1"}],"ports":[{"port":80}]}]}""", """["n","","60m"]""")]
    [InlineData("v1", "Endpoints", "{}", """["n","<none>","60m"]""")]
    [InlineData("v1", "PersistentVolumeClaim", """{"spec":{"volumeName":"v"},"status":{"phase":"Pending"}}""", """["n","Pending","v","0","","","<unset>","60m","<unset>"]""")]
    [InlineData("v1", "PersistentVolumeClaim", """{"spec":{"volumeName":"v"},"status":{"phase":"Bound","capacity":{"storage":"1Gi"},"accessModes":["ReadWriteMany","ReadWriteOncePod","ReadWriteOnce","ReadWriteMany"]}}""", """["n","Bound","v","1Gi","RWO,RWX,RWOP","","<unset>","60m","<unset>"]""")]
    [InlineData("v1", "ResourceQuota", """{"spec":{"hard":{"pods":"5","cpu":"1"}}}""", """["n","","","60m"]""")]
    [InlineData("v1", "ResourceQuota", """{"spec":{"hard":{"pods":"9"}},"status":{"hard":{"pods":"5","limits.cpu":"1","limitsome.example.com/x":"2"},"used":{"pods":"1"}}}""", """["n","limitsome.example.com/x: 0/2, pods: 1/5","limits.cpu: 0/1","60m"]""")]
    [InlineData("v1", "Service", """{"spec":{"type":"LoadBalancer","clusterIPs":["10.0.0.1"],"externalIPs":["1.1.1.1"],"ports":[{"port":1,"protocol":"TCP"}]},"status":{"loadBalancer":{"ingress":[{"ip":"9.9.9.9"},{"ip":"8.8.8.8"}]}}}""", """["n","LoadBalancer","10.0.0.1","8.8.8.8,9.9.9.9,1.1.1.1","1/TCP","60m","<none>"]""")]
    public void Cells_OfAnObject_AreUpstreams(string apiVersion, string kind, string json, string cells) =>
        Assert.Equal(cells, Row(apiVersion, kind, json)["cells"]!.ToJsonString(Relaxed));

    [Theory]
    [InlineData("Succeeded", """[{"type":"Completed","status":"True","reason":"Succeeded","message":"The pod has completed successfully."}]""")]
    [InlineData("Failed", """[{"type":"Completed","status":"True","reason":"Failed","message":"The pod failed."}]""")]
    [InlineData("Running", null)]
    public void Conditions_OfAPod_SayThatItCameToItsEnd(string phase, string? conditions) =>
        Assert.Equal(conditions, Row("v1", "Pod", $$"""{"status":{"phase":"{{phase}}"} }""")["conditions"]?.ToJsonString());

    private static readonly System.Text.Json.JsonSerializerOptions Relaxed = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static JsonObject Row(string apiVersion, string kind, string json)
    {
        JsonObject o = JsonNode.Parse(json)!.AsObject();
        o["apiVersion"] = apiVersion;
        o["kind"] = kind;
        if (o["metadata"] is not JsonObject metadata)
        {
            o["metadata"] = metadata = [];
        }

        metadata["name"] = "n";
        metadata["creationTimestamp"] = "2026-03-01T11:00:00Z";
        var output = new ArrayBufferWriter<byte>();
        new TableWriter(TablePrinter.For(GroupVersionKind.From(apiVersion, kind)), IncludeObject.None, new StoppedClock()).Write(output, new TableHead(), [Encoding.UTF8.GetBytes(o.ToJsonString())]);
        return JsonNode.Parse(output.WrittenSpan)!["rows"]![0]!.AsObject();
    }

    private sealed class StoppedClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => Now;
    }
}
