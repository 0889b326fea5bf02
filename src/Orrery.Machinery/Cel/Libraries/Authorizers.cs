using Orrery.Api;
using static Orrery.Machinery.Cel.Overload;

namespace Orrery.Machinery.Cel.Libraries;

/// <summary>Questions to the authorizer (apiserver <c>pkg/cel/library/authz.go</c>). Each step says more of what is asked; <c>check</c> asks.</summary>
internal static class Authorizers
{
    private const string Name = "kubernetes.authorization.";
    private const string Authorizer = Name + "Authorizer";
    private const string PathCheck = Name + "PathCheck";
    private const string GroupCheck = Name + "GroupCheck";
    private const string ResourceCheck = Name + "ResourceCheck";
    private const string Decision = Name + "Decision";

    public static readonly CelType AuthorizerType = CelType.Opaque(Authorizer);
    public static readonly CelType ResourceCheckType = CelType.Opaque(ResourceCheck);

    /// <summary>What one question costs (upstream's AuthorizationCheckCost).</summary>
    public const long CheckCost = 350_000;

    public static IEnumerable<Overload> All =>
    [
        Of($"{Authorizer}->path(string) {PathCheck}", a => S(a, 1).Length == 0 ? new CelError("path must not be empty") : Step(a, PathCheck, q => q with { Path = S(a, 1) })),
        Of($"{Authorizer}->group(string) {GroupCheck}", a => Step(a, GroupCheck, q => q with { Group = S(a, 1) })),
        Of($"{Authorizer}->serviceAccount(string, string) {Authorizer}", ServiceAccount),
        Of($"{GroupCheck}->resource(string) {ResourceCheck}", a => S(a, 1).Length == 0 ? new CelError("resource must not be empty") : Step(a, ResourceCheck, q => q with { Resource = S(a, 1) })),
        Of($"{ResourceCheck}->subresource(string) {ResourceCheck}", a => Step(a, ResourceCheck, q => q with { Subresource = S(a, 1) })),
        Of($"{ResourceCheck}->namespace(string) {ResourceCheck}", a => Step(a, ResourceCheck, q => q with { Namespace = S(a, 1) })),
        Of($"{ResourceCheck}->name(string) {ResourceCheck}", a => Step(a, ResourceCheck, q => q with { Name = S(a, 1) })),

        // RBAC knows no selectors: it answers as for the wider question, which is the stricter answer. A webhook is told.
        Of($"{ResourceCheck}->fieldSelector(string) {ResourceCheck}", a => Step(a, ResourceCheck, q => q with { FieldSelector = S(a, 1) })),
        Of($"{ResourceCheck}->labelSelector(string) {ResourceCheck}", a => Step(a, ResourceCheck, q => q with { LabelSelector = S(a, 1) })),
        Of($"{PathCheck}->check(string) {Decision}", Check),
        Of($"{ResourceCheck}->check(string) {Decision}", Check),
        Of($"{Decision}->allowed() bool", a => D(a).Allowed),
        Of($"{Decision}->reason() string", a => D(a).Reason),
        Of($"{Decision}->errored() bool", a => D(a).Error is not null),
        Of($"{Decision}->error() string", a => D(a).Error ?? ""),
    ];

    private static string S(object?[] a, int i) => (string)a[i]!;

    private static CelAccessDecision D(object?[] a) => ((CelDecisionValue)a[0]!).Decision;

    private static CelQuestion Step(object?[] a, string type, Func<CelAccess, CelAccess> more)
    {
        var question = (CelQuestion)a[0]!;
        return new CelQuestion(CelType.Opaque(type), question.Authorizer, more(question.Access));
    }

    private static object ServiceAccount(object?[] a)
    {
        IReadOnlyList<string> faults = [.. Names.CheckDns1123Subdomain(S(a, 2)), .. Names.CheckDns1123Label(S(a, 1))];
        return faults.Count > 0 ? new CelError("Invalid service account name or namespace") : Step(a, Authorizer, q => q with { ServiceAccount = (S(a, 1), S(a, 2)) });
    }

    private static CelDecisionValue Check(object?[] a)
    {
        var question = (CelQuestion)a[0]!;
        return new CelDecisionValue(question.Authorizer.Check(question.Access with { Verb = S(a, 1) }));
    }

    private sealed record CelDecisionValue(CelAccessDecision Decision) : ICelOpaque
    {
        public CelType Type { get; } = CelType.Opaque(Authorizers.Decision);
    }
}

/// <summary>A question to the authorizer, as far as it has been put.</summary>
internal sealed record CelQuestion(CelType Type, ICelAuthorizer Authorizer, CelAccess Access) : ICelOpaque;
