//! The partitions of AWS: clouds beside each other, each with accounts and addresses of its own
//! (<https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>).

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Partition {
    /// Its name, as names of resources have it.
    pub(super) name: &'static str,
    /// Where callers ask who they are (<https://docs.aws.amazon.com/general/latest/gr/sts.html>).
    pub(super) sts: Place,
    /// Where users and roles are kept (<https://docs.aws.amazon.com/general/latest/gr/iam-service.html>).
    pub(super) iam: Place,
    /// What the names of its regional hosts end in.
    pub(super) suffix: &'static str,
    /// The region that is meant if none is named.
    pub(super) region: &'static str,
}

/// A host, and the region for which its requests are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) host: &'static str,
    pub(super) region: &'static str,
}

/// In the order in which they are asked.
pub(super) const ALL: [Partition; 3] = [
    Partition {
        name: "aws",
        sts: Place { host: "sts.amazonaws.com", region: "us-east-1" },
        iam: Place { host: "iam.amazonaws.com", region: "us-east-1" },
        suffix: "amazonaws.com",
        region: "us-east-1",
    },
    Partition {
        name: "aws-us-gov",
        sts: Place { host: "sts.us-gov-west-1.amazonaws.com", region: "us-gov-west-1" },
        iam: Place { host: "iam.us-gov.amazonaws.com", region: "us-gov-west-1" },
        suffix: "amazonaws.com",
        region: "us-gov-west-1",
    },
    Partition {
        name: "aws-cn",
        sts: Place { host: "sts.cn-north-1.amazonaws.com.cn", region: "cn-north-1" },
        iam: Place { host: "iam.cn-north-1.amazonaws.com.cn", region: "cn-north-1" },
        suffix: "amazonaws.com.cn",
        region: "cn-north-1",
    },
];

/// The partition of a name.
pub(super) fn by_name(name: &str) -> Option<Partition> {
    ALL.into_iter().find(|partition| partition.name == name)
}
