namespace Orrery.Satellite.Recording;

/// <summary>One thing that the control plane had done, or asked for.</summary>
/// <param name="Verb"><c>apply</c>, <c>create</c>, <c>patch</c>, <c>delete</c>; of a tunnel request its method or subresource.</param>
/// <param name="Kind">As <c>Deployment.apps</c>; of a tunnel request empty.</param>
/// <param name="Name">Of a tunnel request its path, without the query: a command may hold a secret.</param>
/// <param name="Cause">What it was done for: a Work, a user of the control plane.</param>
internal readonly record struct RecordEntry(string Verb, string Kind, string Namespace, string Name, string Cause);
